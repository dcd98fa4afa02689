import { act, cleanup, renderHook } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { forget, useKept } from "./drafts.ts";

afterEach(() => {
  cleanup();
  forget("a");
});

it("gives back what was written, wherever it is asked for, until it is sent or forgotten", () => {
  const first = renderHook(() => useKept("a", ""));
  expect(first.result.current[0]).toBe("");
  act(() => first.result.current[1]("half a thought"));
  first.unmount();
  const second = renderHook(() => useKept("a", ""));
  const other = renderHook(() => useKept("a", ""));
  const else_ = renderHook(() => useKept("b", ""));
  expect([second.result.current[0], other.result.current[0], else_.result.current[0]]).toEqual(["half a thought", "half a thought", ""]);
  act(() => second.result.current[1](""));
  expect(other.result.current[0]).toBe("");
  act(() => second.result.current[1]("again"));
  act(() => forget("a"));
  expect(other.result.current[0]).toBe("");
});
