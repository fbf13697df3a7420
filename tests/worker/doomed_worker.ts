// The script of a thread, with an end of its own.
import { watchAfterwards } from "./doomed.ts";
import "../../src/worker/worker.ts";

watchAfterwards();
