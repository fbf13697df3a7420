/** The tables that the statements of the model write to. */

/**
 * Each effect is a row of `t`: `tag` is the statement, `n` the row of it. The other columns are
 * there to be violated. The key 0 of `key`, `roll` and `fail` is taken by the row with id 1.
 */
export const SCHEMA: readonly string[] = [
  "CREATE TABLE parent (id INTEGER PRIMARY KEY)",
  `CREATE TABLE t (
    id INTEGER PRIMARY KEY,
    tag INTEGER NOT NULL,
    n INTEGER NOT NULL,
    v,
    key INTEGER UNIQUE,
    roll INTEGER UNIQUE ON CONFLICT ROLLBACK,
    fail INTEGER UNIQUE ON CONFLICT FAIL,
    parent INTEGER REFERENCES parent (id),
    later INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED,
    raise TEXT
  )`,
  "CREATE TABLE copies (id INTEGER PRIMARY KEY, tag INTEGER NOT NULL, n INTEGER NOT NULL)",
  `CREATE TRIGGER raising BEFORE INSERT ON t WHEN new.raise IS NOT NULL BEGIN
    SELECT CASE new.raise
      WHEN 'abort' THEN RAISE(ABORT, 'asked to abort')
      WHEN 'fail' THEN RAISE(FAIL, 'asked to fail')
      WHEN 'rollback' THEN RAISE(ROLLBACK, 'asked to roll back')
      WHEN 'ignore' THEN RAISE(IGNORE)
    END;
  END`,
  `CREATE TRIGGER copying AFTER INSERT ON t WHEN new.raise = 'copy' BEGIN
    INSERT INTO copies VALUES (new.id, new.tag, new.n);
  END`,
  "INSERT INTO t (id, tag, n, key, roll, fail) VALUES (1, 0, 0, 0, 0, 0)",
];

/** More pages than a run needs, fewer than the value of a statement that fills the database. */
export const MOST_PAGES = 400;
export const TOO_MANY_BYTES = 2_000_000;

/** Takes away what earlier programs have left. */
export const CLEAN_UP: readonly string[] = ["DELETE FROM t WHERE id > 1", "DELETE FROM copies"];
