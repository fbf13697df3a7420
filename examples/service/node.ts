/** `node examples/service/node.ts` */

import { serve } from "./http.ts";
import { runServer } from "./server.ts";

await runServer(serve);
