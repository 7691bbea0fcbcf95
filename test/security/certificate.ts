import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** The files of a certificate that is its own authority. */
export interface Certificate {
  cert: string;
  key: string;
}

/**
 * Makes a certificate in a folder.
 * @param names what it is for, as openssl has it
 */
export function makeCertificate(dir: string, names = 'IP:127.0.0.1'): Certificate {
  const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-days', '2', '-subj', '/CN=redis', '-addext', `subjectAltName=${names}`],
      ...['-keyout', key, '-out', cert],
    ],
    { stdio: 'ignore' },
  );
  return { cert, key };
}
