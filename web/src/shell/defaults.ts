// How a board begins: as its address says, else as it was left in this browser, else as the home is configured.

import { useQuery } from "@tanstack/react-query";
import { api } from "../api/actions.ts";
import { client, keys } from "../api/queries.ts";
import type { Settings } from "../api/types.ts";
import type { Search } from "../router.tsx";

type Defaults = Settings["dashboard"];
const PLAIN: Defaults = { default_tenant: null, lane_by_profile: true, include_archived: false, render_markdown: true };

export const useDefaults = (): Defaults => useQuery({ queryKey: keys.settings, queryFn: api.settings, staleTime: 60_000 }).data?.dashboard ?? PLAIN;

/** What of a view is kept. A search and a person are asked for once; these are how one looks at a board. */
type View = Pick<Search, "tenant" | "archived" | "lanes">;
const kept = (board: string) => `andon.view.${board}`;

/** Keeps how a person looks at a board, so that it begins so the next time. */
export function keepView(board: string, { tenant, archived, lanes }: Search): void {
  const view: View = { ...(tenant === undefined ? {} : { tenant }), ...(archived ? { archived } : {}), ...(lanes === undefined ? {} : { lanes }) };
  localStorage.setItem(kept(board), JSON.stringify(view));
}

function remembered(board: string): View | null {
  try {
    const view = JSON.parse(localStorage.getItem(kept(board)) ?? "null") as Record<string, unknown> | null;
    if (!view || typeof view !== "object") return null;
    return {
      ...(typeof view["tenant"] === "string" ? { tenant: view["tenant"] } : {}),
      ...(view["archived"] === true ? { archived: true as const } : {}),
      ...(typeof view["lanes"] === "boolean" ? { lanes: view["lanes"] } : {}),
    };
  } catch {
    return null;
  }
}

/** The board that one is on: what is cleared there by hand stays cleared. */
let here: string | null = null;

/** What the bare address of a board lacks on the way to it; nothing where it says something itself. */
export async function beginning(board: string, { task: _open, around: _around, ...said }: Search): Promise<View | null> {
  if (here === board) return null;
  here = board;
  if (Object.keys(said).length > 0) return null;
  const known = remembered(board);
  if (known) return Object.keys(known).length > 0 ? known : null;
  try {
    const { dashboard } = await client.ensureQueryData({ queryKey: keys.settings, queryFn: api.settings, retry: false });
    const view: View = { ...(dashboard.default_tenant === null ? {} : { tenant: dashboard.default_tenant }), ...(dashboard.include_archived ? { archived: true as const } : {}) };
    return Object.keys(view).length > 0 ? view : null;
  } catch {
    // Nobody is logged in, or the server is away: the view says so itself.
    return null;
  }
}
