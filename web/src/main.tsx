// The dashboard starts here.

import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { client } from "./api/queries.ts";
import { TipProvider } from "./design/controls.tsx";
import "./design/theme.css";
import { speak } from "./i18n/index.ts";
import { router } from "./router.tsx";

/** Everything. Nothing is made anew when the language changes: what somebody is writing stays as it is. */
function App() {
  return (
    <TipProvider delayDuration={350}>
      <RouterProvider router={router} />
    </TipProvider>
  );
}

const root = document.getElementById("root");
if (root) {
  // The first picture is in the right words already.
  await speak();
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <App />
      </QueryClientProvider>
    </StrictMode>,
  );
}
