/** What the scenarios ask of the database. */

export const USER = "SELECT id, name FROM users WHERE id = ?";
export const POST = `
  SELECT posts.id, posts.title, users.name FROM posts JOIN users ON users.id = posts.user_id
  WHERE posts.id = ?`;
export const HUNDRED_COMMENTS = `
  SELECT id, post_id, user_id, body, created_at FROM comments WHERE id >= ? LIMIT 100`;
export const REPORT = `
  SELECT count(*) AS comments, avg(length(body)) AS length, max(created_at) AS newest
  FROM comments WHERE id BETWEEN ? AND ?`;
export const ADD_LIKE = "INSERT INTO likes (user_id, post_id) VALUES (?, ?)";
export const ADD_COMMENT =
  "INSERT INTO comments (post_id, user_id, body, created_at) VALUES (?, ?, 'I agree', ?)";
export const COUNT_COMMENT = "UPDATE posts SET comment_count = comment_count + 1 WHERE id = ?";

/** Walks through 1 to `count` in an order that no cache or read-ahead foresees. */
export function spread(i: number, count: number): number {
  return i * 7919 % count + 1;
}
