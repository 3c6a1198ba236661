// What an admin page answers when it can't do what was asked.

export class AdminRequestError extends Error {
  readonly code = 'BAD_ADMIN_REQUEST';
  readonly status: 400 | 404 | 501 | 503;

  constructor(message: string, status: 400 | 404 | 501 | 503 = 400) {
    super(message);
    this.status = status;
  }
}
