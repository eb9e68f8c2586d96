import { bench } from "./zz-cat.ts";
console.log(await bench());
