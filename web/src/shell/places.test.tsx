import { Outlet, RouterProvider, createMemoryHistory, createRootRoute, createRoute, createRouter } from "@tanstack/react-router";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { useHere, useOpenTask } from "./places.ts";

afterEach(cleanup);

function Buttons() {
  const here = useHere();
  const openTask = useOpenTask();
  return (
    <>
      <button type="button" onClick={() => openTask("t_1")}>
        {"open"}
      </button>
      <button type="button" onClick={() => void here(({ task: _gone, ...rest }) => rest)}>
        {"close"}
      </button>
    </>
  );
}

it("opens and closes a task beside whatever view is shown", async () => {
  const root = createRootRoute({ component: Outlet });
  // One asks from around the view, another from inside it, as the drawer and the lists do.
  const board = createRoute({ getParentRoute: () => root, path: "/b/$board", component: () => [<Buttons key="around" />, <Outlet key="view" />] });
  const fleet = createRoute({ getParentRoute: () => board, path: "/fleet", component: Buttons });
  const router = createRouter({ routeTree: root.addChildren([board.addChildren([fleet])]), history: createMemoryHistory({ initialEntries: ["/b/x/fleet?tenant=acme"] }) });
  render(<RouterProvider router={router as never} />);
  for (const at of [0, 1]) {
    await waitFor(() => expect(screen.getAllByText("open")).toHaveLength(2));
    fireEvent.click(screen.getAllByText("open")[at] as HTMLElement);
    await waitFor(() => expect(router.state.location.href).toBe("/b/x/fleet?tenant=acme&task=t_1"));
    fireEvent.click(screen.getAllByText("close")[at] as HTMLElement);
    await waitFor(() => expect(router.state.location.href).toBe("/b/x/fleet?tenant=acme"));
  }
});
