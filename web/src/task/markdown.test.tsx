import { cleanup, render } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import Prose from "./markdown.tsx";

afterEach(cleanup);

const HOSTILE = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "[click](javascript:alert(1))",
  "[click](data:text/html,<script>alert(1)</script>)",
  "![](https://elsewhere.example/pixel.png)",
  "<iframe src='https://elsewhere.example'></iframe>",
  "<style>body{display:none}</style>",
  "<a href='x' onclick='alert(1)'>x</a>",
  "<form action='https://elsewhere.example'><input name=a></form>",
];

describe("Prose", () => {
  it("renders nothing that acts or loads from elsewhere", () => {
    for (const text of HOSTILE) {
      const { container, unmount } = render(<Prose text={text} />);
      expect(container.querySelector("script, img, iframe, style, form, object, embed")).toBeNull();
      for (const element of container.querySelectorAll("*")) {
        for (const attribute of element.attributes) {
          expect(attribute.name.startsWith("on")).toBe(false);
          expect(attribute.value).not.toMatch(/^\s*(javascript|data):/i);
        }
      }
      unmount();
    }
  });

  it("opens links outside, without a trace", () => {
    const { container } = render(<Prose text="[site](https://example.org)" />);
    const link = container.querySelector("a");
    expect(link?.getAttribute("rel")).toContain("noopener");
    expect(link?.getAttribute("target")).toBe("_blank");
  });

  it("shows tables, lists of tasks and code", () => {
    const { container } = render(<Prose text={"| a |\n|---|\n| b |\n\n- [x] c\n\n```\nd\n```"} />);
    expect(container.querySelector("table")).not.toBeNull();
    expect(container.querySelector("input[type=checkbox]")?.hasAttribute("disabled")).toBe(true);
    expect(container.querySelector("pre code")?.textContent).toBe("d\n");
  });
});
