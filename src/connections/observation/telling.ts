/**
 * How those who watch a pool are told; loaded when somebody does.
 *
 * @module
 */

export { around } from "./begin.ts";
export { watchedRows } from "./rows.ts";
export { tellHooks } from "./statement_hook.ts";
export { WriteReport } from "./write_report.ts";
