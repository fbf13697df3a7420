import { fileURLToPath } from "node:url";

export default {
  // bank.ts is beside the application.
  turbopack: { root: fileURLToPath(new URL("..", import.meta.url)) },
};
