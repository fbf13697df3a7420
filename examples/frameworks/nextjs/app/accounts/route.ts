import { accounts } from "../../../bank.ts";
import { database } from "../../lib/database.ts";

export async function GET(): Promise<Response> {
  return Response.json(await accounts(await database()));
}
