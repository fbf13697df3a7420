// The script of the threads, for bundlers.

import "@sqlitepool/pool/worker";
