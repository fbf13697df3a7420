/** aiosqlitepool's database: users, their posts, comments and likes, and how many of each. */

export interface Rows {
  readonly users: number;
  readonly posts: number;
  readonly comments: number;
  readonly likes: number;
}

const FULL: Rows = { users: 1_200_000, posts: 120_000, comments: 6_000_000, likes: 12_000_000 };

/** Below this, ids would repeat so soon that everything stays in the caches. */
const LEAST_POSTS = 100;

/** The number of rows at a scale, where 1 is about 850 MB. */
export function rowsAt(scale: number): Rows {
  const posts = Math.max(LEAST_POSTS, Math.round(FULL.posts * scale));
  const times = (table: keyof Rows): number => posts * FULL[table] / FULL.posts;
  return { users: times("users"), posts, comments: times("comments"), likes: times("likes") };
}

export const TABLES = `
  CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    created_at INTEGER NOT NULL
  );
  CREATE TABLE posts (
    id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    comment_count INTEGER NOT NULL DEFAULT 0
  );
  CREATE TABLE comments (
    id INTEGER PRIMARY KEY,
    post_id INTEGER NOT NULL REFERENCES posts,
    user_id INTEGER NOT NULL REFERENCES users,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL
  );
  CREATE TABLE likes (
    id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users,
    post_id INTEGER NOT NULL REFERENCES posts
  );
`;

/** Made when the rows are there: sorting them once is faster than inserting at random. */
export const INDEXES = [
  "CREATE UNIQUE INDEX users_by_email ON users (email)",
  "CREATE INDEX posts_by_user ON posts (user_id)",
  "CREATE INDEX comments_by_post ON comments (post_id)",
  "CREATE INDEX likes_by_post ON likes (post_id)",
] as const;

/** Expressions for each table's columns of row `n`. Primes spread the references. */
export function columnsOf({ users, posts }: Rows): Readonly<Record<keyof Rows, string>> {
  return {
    users: "n, 'User ' || n, 'user' || n || '@example.org', 1700000000 + n",
    posts: `n, 1 + n * 7919 % ${users}, 'Post number ' || n,
      'What user ' || (1 + n * 7919 % ${users}) || ' wants to say in post ' || n ||
      ', which is long enough to be worth reading and short enough to be read by somebody.', 0`,
    comments: `n, 1 + n * 7919 % ${posts}, 1 + n * 104729 % ${users},
      'Comment ' || n || ' agrees with it', 1700000000 + n`,
    likes: `n, 1 + n * 104729 % ${users}, 1 + n * 7919 % ${posts}`,
  };
}
