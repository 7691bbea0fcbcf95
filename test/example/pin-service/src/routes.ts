import {
  type Api,
  answeredWith,
  parameters,
  readBody,
  resource,
  sendDocument,
  sendIfChanged,
  storeProblems,
} from 'shared-events/http';
import { Failure } from 'shared-events/service';
import { object, string } from 'yup';
import { pinEvents } from './pin-events.ts';
import type { PinStore } from './store.ts';

/** What the routes are answered with. */
export interface Collaborators {
  store: PinStore;
  now(): string;
}

const pin = resource('pin');
const pinInput = object({ taskId: string().typeError('must be a string').required('is required') });
const idInPath = parameters.id('userId');

/** The API of the pin service. */
export const pinApi: Api<Collaborators> = {
  name: 'pinService',
  title: 'Pin service',
  description:
    'The open task that a user has pinned: each change is also an event in the stream `pin-events`.',
  servers: [{ url: '/', description: 'At its own port' }],
  tag: { name: 'pins', description: 'Pins, and what the pin service tells of itself.' },
  schemas: { Pin: pinEvents.document, PinInput: pinInput },
  problems: { pin_not_found: [404, 'Pin not found'], task_not_open: [409, 'Task not open'] },
  routes: [
    {
      method: 'put',
      path: '/pins/:id',
      id: 'putPin',
      summary: 'Pin an open task of a user, in the place of the one before',
      parameters: [idInPath],
      body: { schema: pinInput, examples: { task: { taskId: pinEvents.example.taskId } } },
      answers: { 200: answeredWith.document(pinEvents) },
      problems: [...storeProblems, 'pin_not_found', 'task_not_open'],
      async handle(ctx, { store, now }) {
        const id = pin.idIn(ctx);
        const { taskId } = await readBody(ctx, pinInput);
        if (!(await store.isOpen({ id, taskId }))) {
          throw new Failure('task_not_open', 'This user has no such open task, or it is not known here yet.');
        }
        sendDocument(ctx, await store.put({ id, taskId, createdAt: now() }, ctx.state.context));
      },
    },
    {
      method: 'get',
      path: '/pins/:id',
      id: 'readPin',
      summary: 'Read the pin of a user, if its task is still open',
      parameters: [idInPath, parameters.ifNoneMatch],
      answers: { 200: answeredWith.document(pinEvents), 304: answeredWith.unchanged },
      problems: [...storeProblems, 'pin_not_found'],
      async handle(ctx, { store }) {
        const stored = pin.found(await store.find(pin.idIn(ctx)));
        const isShown = await store.isOpen(JSON.parse(stored.text));
        sendIfChanged(ctx, pin.found(isShown ? stored : undefined));
      },
    },
  ],
};
