// What waits for what: the dependencies of a board, or around one task, laid out by themselves and live.

import { useQuery } from "@tanstack/react-query";
import { useParams, useSearch } from "@tanstack/react-router";
import { Background, BackgroundVariant, Controls, Handle, MiniMap, Position, ReactFlow } from "@xyflow/react";
import type { Connection, Edge, NodeProps } from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { useCallback, useMemo, useState } from "react";
import { api } from "../api/actions.ts";
import { asProblem } from "../api/client.ts";
import { client, keys, refresh } from "../api/queries.ts";
import type { Graph as GraphData } from "../api/types.ts";
import { Avatar } from "../board/card.tsx";
import { Button, Check, Empty, ProblemNote } from "../design/controls.tsx";
import { cx } from "../design/cx.ts";
import { CloseIcon, GraphIcon, STATUS_COLOR, StatusIcon } from "../design/icons.tsx";
import { statusName } from "../design/words.ts";
import { t, useLanguage } from "../i18n/index.ts";
import { TopBar, Waiting } from "../shell/layout.tsx";
import { useHere, useOpenTask } from "../shell/places.ts";
import { openDialog, refusal, toast, useTheme } from "../shell/store.ts";
import { arrange } from "./arrange.ts";
import type { TaskNode } from "./arrange.ts";
import "./graph.css";

function TaskCard({ data, selected }: NodeProps<TaskNode>) {
  useLanguage();
  const { task } = data;
  return (
    <div
      className={cx("flex h-full w-full flex-col justify-center gap-1.5 rounded-lg border border-l-[3px] bg-raised px-3 shadow-card", selected ? "ring-2 ring-accent-text" : "")}
      style={{ borderColor: "var(--line-strong)", borderLeftColor: STATUS_COLOR[task.status] }}
    >
      <Handle type="target" position={Position.Left} />
      <div dir="auto" className="truncate text-xs leading-tight font-medium">{task.title}</div>
      <div className="flex items-center gap-1.5 text-2xs text-text-3">
        <StatusIcon status={task.status} size={12} />
        <span>{statusName(task.status)}</span>
        {task.assignee && (
          <span className="ml-auto flex min-w-0 items-center gap-1">
            <Avatar name={task.assignee} size={13} />
            <span className="truncate">{task.assignee}</span>
          </span>
        )}
      </div>
      <Handle type="source" position={Position.Right} />
    </div>
  );
}

/** On a small screen a part that can be read says more than a whole that cannot. */
const READABLE = 0.6;

const NODE_TYPES = { task: TaskCard };

export default function GraphView() {
  const language = useLanguage();
  const { board } = useParams({ from: "/b/$board" });
  const { around } = useSearch({ from: "/b/$board" });
  const here = useHere();
  const openTask = useOpenTask();
  const [done, setDone] = useState(true);
  useTheme();
  const graph = useQuery({
    queryKey: keys.graph(board, around, done),
    queryFn: () => api.graph(board, { task: around, done }),
    placeholderData: (previous: GraphData | undefined) => previous,
  });
  const { nodes, edges } = useMemo(() => {
    void language;
    return graph.data ? arrange(graph.data) : { nodes: [], edges: [] };
  }, [graph.data, language]);
  const settle = useCallback(
    (ids: string[]) => {
      void client.invalidateQueries({ queryKey: ["graph", board] });
      void refresh(board, new Set(ids));
    },
    [board],
  );
  const link = useCallback(
    ({ source, target }: Connection) => {
      api
        .link(board, source, target)
        .then(() => toast({ tone: "ok", text: t("graph.linked", { child: target, parent: source }) }))
        .catch((error) => refusal(asProblem(error)))
        .finally(() => settle([source, target]));
    },
    [board, settle],
  );
  const unlink = useCallback(
    (edge: Edge) =>
      openDialog({
        kind: "confirm",
        title: t("graph.unlink"),
        text: t("graph.unlinkAbout", { child: edge.target, parent: edge.source }),
        label: t("do.unlink"),
        danger: true,
        act: () =>
          void api
            .unlink(board, edge.source, edge.target)
            .catch((error) => refusal(asProblem(error)))
            .finally(() => settle([edge.source, edge.target])),
      }),
    [board, settle],
  );
  const narrow = window.innerWidth < 1024;
  const dark = document.documentElement.dataset["theme"] === "dark";
  return (
    <>
      <TopBar board={board} title={t("nav.graph")}>
        {around && (
          <Button className="h-8" onClick={() => void here(({ around: _gone, ...rest }) => rest)}>
            {t("graph.around", { id: around })} <CloseIcon size={12} />
          </Button>
        )}
        <Check label={t("graph.finished")} checked={done} onChange={(event) => setDone(event.target.checked)} />
        <span className="hidden text-xs text-text-3 xl:inline">{t("graph.how")}</span>
      </TopBar>
      {graph.isPending && <Waiting />}
      {graph.error && !graph.data && (
        <div className="p-4">
          <ProblemNote problem={asProblem(graph.error)} retry={() => void graph.refetch()} />
        </div>
      )}
      {graph.data?.truncated && (
        <p className="border-b border-line bg-amber-soft px-4 py-1.5 text-xs text-amber" role="status">
          {t("graph.truncated")}
        </p>
      )}
      {graph.data && nodes.length === 0 && (
        <Empty icon={<GraphIcon size={20} />} title={t("graph.none")}>
          {t("graph.noneAbout")}
        </Empty>
      )}
      {nodes.length > 0 && (
        <section aria-label={t("graph.label")} className="min-h-0 flex-1">
          <ReactFlow
            key={`${board}/${around ?? ""}`}
            nodes={nodes}
            edges={edges}
            nodeTypes={NODE_TYPES}
            colorMode={dark ? "dark" : "light"}
            nodesDraggable={false}
            onConnect={link}
            onNodeClick={(_, node) => openTask(node.id)}
            onEdgeClick={(_, edge) => unlink(edge)}
            onEdgesDelete={(gone) => gone[0] && unlink(gone[0])}
            onNodesDelete={() => undefined}
            onBeforeDelete={async ({ edges: chosen }) => {
              if (chosen[0]) unlink(chosen[0]);
              return false;
            }}
            fitView
            fitViewOptions={{ maxZoom: 1, minZoom: narrow ? READABLE : 0.1, padding: 0.08 }}
            minZoom={0.1}
            onlyRenderVisibleElements={nodes.length > 150}
            ariaLabelConfig={{ "controls.zoomIn.ariaLabel": t("graph.zoomIn"), "controls.zoomOut.ariaLabel": t("graph.zoomOut"), "controls.fitView.ariaLabel": t("graph.fit") }}
            proOptions={{ hideAttribution: true }}
          >
            <Background variant={BackgroundVariant.Dots} gap={22} size={1} color="var(--line-strong)" />
            <Controls showInteractive={false} />
            {nodes.length > 20 && <MiniMap pannable zoomable ariaLabel={t("graph.overview")} className="max-md:!hidden" nodeColor={(node) => STATUS_COLOR[(node as TaskNode).data.task.status]} />}
          </ReactFlow>
        </section>
      )}
    </>
  );
}
