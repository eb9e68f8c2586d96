/** The worker that makes segments for viewers: reads the journal's files, opens what lies in them and packages it. */
import { serveOrders } from "../domain/playback/workshop/serve-orders.ts";
import { readPart } from "../storage/journal/file/read-part.ts";

serveOrders(readPart);
