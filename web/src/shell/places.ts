// Ways from where somebody is: what a view shows changes, the view stays.

import { useNavigate } from "@tanstack/react-router";
import { useCallback } from "react";
import type { Search } from "../router.tsx";

/** Changes what stands behind the question mark, whatever view it is. */
export function useHere(): (change: (old: Search) => Search) => Promise<void> {
  const navigate = useNavigate();
  return useCallback((change) => navigate({ to: ".", search: (old: Search) => change(old) }), [navigate]);
}

/** Opens a task beside what is shown. */
export function useOpenTask(): (id: string) => void {
  const here = useHere();
  return useCallback((id) => void here((old) => ({ ...old, task: id })), [here]);
}
