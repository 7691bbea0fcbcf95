/** Returns lines of columns that are as wide as their widest cell; figures stand to the right. */
export function table(head: string[], rows: (string | number)[][]): string[] {
  const cells = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
  const isFigure = head.map((_, column) => rows.every((row) => /^(>?[\d.]+)?$/.test(String(row[column]))));
  return cells.map((row) =>
    row
      .map((cell, column) =>
        isFigure[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}
