// The places of the dashboard. What a view shows lives in the address: it can be sent to somebody else.

import { Link, Outlet, createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { api } from "./api/actions.ts";
import { asProblem } from "./api/client.ts";
import { client, keys } from "./api/queries.ts";
import { Board } from "./board/board.tsx";
import { Button, Empty, ProblemNote, Words } from "./design/controls.tsx";
import { AlertIcon, BoardIcon } from "./design/icons.tsx";
import { Dialogs } from "./shell/dialogs.tsx";
import { Layout, Waiting } from "./shell/layout.tsx";
import { t, useLanguage } from "./i18n/index.ts";
import { beginning } from "./shell/defaults.ts";
import { openDialog } from "./shell/store.ts";

/** What stands behind the question mark. */
export interface Search {
  q?: string;
  assignee?: string;
  tenant?: string;
  archived?: true;
  /** Everywhere, or nowhere; left out: as configured. */
  lanes?: boolean;
  /** The task in the drawer. */
  task?: string;
  /** The graph around one task. */
  around?: string;
}

function search(raw: Record<string, unknown>): Search {
  const found: Search = {};
  const text = (name: string) => (raw[name] === undefined || raw[name] === null ? undefined : String(raw[name]));
  const q = text("q");
  if (q) found.q = q;
  const assignee = text("assignee");
  if (assignee !== undefined) found.assignee = assignee;
  const tenant = text("tenant");
  if (tenant) found.tenant = tenant;
  if (raw["archived"] === true) found.archived = true;
  if (typeof raw["lanes"] === "boolean") found.lanes = raw["lanes"];
  const task = text("task");
  if (task) found.task = task;
  const around = text("around");
  if (around) found.around = around;
  return found;
}

function Broken({ error, reset }: { error: unknown; reset?: () => void }) {
  useLanguage();
  const problem = asProblem(error);
  const ended = problem.status === 401;
  return (
    <div className="m-auto w-full max-w-lg p-6">
      <Empty icon={<AlertIcon size={20} />} title={ended ? t("session.logIn") : t("broken.view")}>
        {ended ? <Words text={t("session.how")} /> : null}
      </Empty>
      {!ended && <ProblemNote problem={problem} retry={reset} />}
    </div>
  );
}

/** An address that leads nowhere. */
function Lost() {
  useLanguage();
  return (
    <main className="m-auto w-full max-w-lg p-6">
      <Empty icon={<AlertIcon size={20} />} title={t("broken.address")}>
        <Link to="/" className="font-medium text-accent-text hover:underline">
          {t("nav.boards")}
        </Link>
      </Empty>
    </main>
  );
}

const root = createRootRoute({
  component: Outlet,
  errorComponent: ({ error, reset }) => <Broken error={error} reset={reset} />,
  notFoundComponent: Lost,
});

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: async () => {
    const { boards, current } = await client.fetchQuery({ queryKey: keys.boards, queryFn: api.boards });
    const last = localStorage.getItem("andon.board");
    const there = (slug: string | null) => boards.some((board) => board.slug === slug);
    const slug = there(last) ? last : there(current) ? current : boards[0]?.slug;
    if (slug) throw redirect({ to: "/b/$board", params: { board: slug }, replace: true });
  },
  component: Nowhere,
});

/** Where there is no board at all. */
function Nowhere() {
  useLanguage();
  return (
    <>
      <div className="m-auto p-6">
        <Empty icon={<BoardIcon size={20} />} title={t("board.none")}>
          <Button tone="primary" size="md" className="mt-2" onClick={() => openDialog({ kind: "new-board" })}>
            {t("newBoard.name")}
          </Button>
        </Empty>
      </div>
      <Dialogs board="" />
    </>
  );
}

const board = createRoute({
  getParentRoute: () => root,
  path: "/b/$board",
  validateSearch: search,
  beforeLoad: async ({ params, search: said, location, preload }) => {
    // Asked for at once, while the way is still looked for.
    void client.prefetchQuery({ queryKey: keys.head(params.board), queryFn: ({ signal }) => api.columns(params.board, {}, 1, signal) });
    const view = preload ? null : await beginning(params.board, said);
    if (view) throw redirect({ to: location.pathname, search: { ...said, ...view }, replace: true });
  },
  component: Layout,
});

const cards = createRoute({ getParentRoute: () => board, path: "/", component: Board });
const attention = createRoute({
  getParentRoute: () => board,
  path: "/attention",
  component: lazyRouteComponent(() => import("./attention/attention.tsx")),
});
const graph = createRoute({
  getParentRoute: () => board,
  path: "/graph",
  component: lazyRouteComponent(() => import("./graph/graph.tsx")),
});
const fleet = createRoute({
  getParentRoute: () => board,
  path: "/fleet",
  component: lazyRouteComponent(() => import("./fleet/fleet.tsx")),
});

export const router = createRouter({
  routeTree: root.addChildren([home, board.addChildren([cards, attention, graph, fleet])]),
  defaultPreload: "intent",
  defaultPendingComponent: Waiting,
  defaultErrorComponent: ({ error, reset }) => <Broken error={error} reset={reset} />,
  scrollRestoration: false,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
