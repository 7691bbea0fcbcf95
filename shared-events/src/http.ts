export { answered } from './http/answered.ts';
export { type AppContext, type AppRouter, createApp } from './http/app.ts';
export { readBody, readQuery } from './http/body.ts';
export { changeRequest, sendDocument, sendIfChanged } from './http/conditions.ts';
export { readIdempotencyKey } from './http/idempotency-key.ts';
export { publicPath } from './http/public-path.ts';
export { resource } from './http/resource.ts';
export { type ServiceClient, serviceClient } from './http/service-client.ts';
export { text } from './http/text.ts';
