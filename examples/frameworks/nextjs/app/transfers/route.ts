import { Refused, type Transfer, transfer } from "../../../bank.ts";
import { database } from "../../lib/database.ts";

export async function POST(request: Request): Promise<Response> {
  const body = await request.json() as Transfer;
  const db = await database();
  try {
    const payer = await db.write((tx) => transfer(tx, body), { signal: request.signal });
    return Response.json(payer, { status: 201 });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return Response.json({ error: error.message }, { status: error.status });
  }
}
