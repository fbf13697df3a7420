// npm run bench: everything that one could use instead, side by side.
//
//   npm run bench -- --quick     a twentieth of the data; --help lists all options

import "../bench/main.ts";
