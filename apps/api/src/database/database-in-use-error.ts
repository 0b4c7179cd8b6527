/** Another process works on the database; starting a second one would apply feedbacks twice. */
export class DatabaseInUseError extends Error {
  constructor(
    readonly place: string,
    readonly owner: string,
  ) {
    super(`The database ${place} is in use by ${owner}. Stop that process first, or give this one its own database.`);
    this.name = 'DatabaseInUseError';
  }
}
