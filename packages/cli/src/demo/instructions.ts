import type { LocalServer } from "../discovery.ts";
import { shellWord } from "../terminal/shell.ts";

/** What a person can do with the running demo, as commands to copy. */
export function instructions({ url, dataDir }: LocalServer, stream: string, needsData: boolean): string {
  const data = needsData ? ` --data ${shellWord(dataDir)}` : "";
  return `
Kvass is ready on ${url}; its data is in ${dataDir}.
A synthetic camera streams H.264 and AAC into ${stream}. ^C stops both. A link to watch it follows in a moment.

In another terminal, with kvass:
  ./kvass ls ${stream}${data}
  ./kvass get ${stream}${data} --from -30s -o clip.mkv
  ./kvass get ${stream}${data} --from now -o - | ffplay -
  ./kvass play ${stream}${data} --from -1m --page

With the AWS CLI (versions before 2.13 take no endpoint from the environment):
  eval "$(./kvass env${data})"
  aws --endpoint-url ${url} kinesisvideo list-streams
  aws --endpoint-url ${url} kinesis-video-archived-media list-fragments --stream-name ${stream} --max-results 5 \\
    --fragment-selector 'FragmentSelectorType=SERVER_TIMESTAMP,TimestampRange={StartTimestamp=0,EndTimestamp=4102444800}'
  aws --endpoint-url ${url} kinesis-video-media get-media --stream-name ${stream} \\
    --start-selector StartSelectorType=NOW live.mkv

`;
}
