// What an admin page answers when it can't do what was asked.

export class AdminRequestError extends Error {
  readonly code = 'BAD_ADMIN_REQUEST';
  readonly status = 400;
}
