// The icons, drawn for a 16 px grid. They only decorate: what a control does is said by its label.

import type { ReactNode, SVGProps } from "react";
import type { Status } from "../api/types.ts";

type IconProps = SVGProps<SVGSVGElement> & { size?: number };

function icon(paths: ReactNode, filled = false) {
  return function Icon({ size = 16, ...rest }: IconProps) {
    return (
      <svg
        width={size}
        height={size}
        viewBox="0 0 16 16"
        fill={filled ? "currentColor" : "none"}
        stroke={filled ? "none" : "currentColor"}
        strokeWidth={1.5}
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden="true"
        focusable="false"
        {...rest}
      >
        {paths}
      </svg>
    );
  };
}

export const BoardIcon = icon(<path d="M2.5 3h3v10h-3zM6.5 3h3v7h-3zM10.5 3h3v4.5h-3z" />);
export const GraphIcon = icon(
  <>
    <circle cx="3.5" cy="8" r="1.75" />
    <circle cx="12.5" cy="3.75" r="1.75" />
    <circle cx="12.5" cy="12.25" r="1.75" />
    <path d="M5.2 7.2l5.6-2.7M5.2 8.8l5.6 2.7" />
  </>,
);
export const InboxIcon = icon(
  <path d="M2 9.5h3.2l1 1.8h3.6l1-1.8H14M2 9.5v3.2c0 .4.4.8.8.8h10.4c.4 0 .8-.4.8-.8V9.5M2 9.5l1.8-6.2c.1-.5.5-.8 1-.8h6.4c.5 0 .9.3 1 .8L14 9.5" />,
);
export const FleetIcon = icon(
  <path d="M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.01M5 11h.01M8.5 5h2.5M8.5 11h2.5" />,
);
export const SearchIcon = icon(<path d="M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.7 10.7L14 14" />);
export const PlusIcon = icon(<path d="M8 3v10M3 8h10" />);
export const CloseIcon = icon(<path d="M4 4l8 8M12 4l-8 8" />);
export const CheckIcon = icon(<path d="M3 8.5l3.2 3.2L13 4.8" />);
export const ChevronIcon = icon(<path d="M4 6l4 4 4-4" />);
export const RightIcon = icon(<path d="M6 4l4 4-4 4" />);
export const PauseIcon = icon(<path d="M4.5 3h2.4v10H4.5zM9.1 3h2.4v10H9.1z" />, true);
export const PlayIcon = icon(<path d="M4.5 2.9v10.2c0 .5.5.8.9.5l7.6-5.1c.4-.2.4-.8 0-1L5.4 2.4c-.4-.3-.9 0-.9.5z" />, true);
export const StopIcon = icon(<rect x="3.5" y="3.5" width="9" height="9" rx="1.5" />, true);
export const ClockIcon = icon(<path d="M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.8V8l2.2 1.4" />);
export const LinkIcon = icon(
  <path d="M6.7 9.3a2.7 2.7 0 0 0 4 .2l2-2a2.7 2.7 0 0 0-3.8-3.8L8 4.6M9.3 6.7a2.7 2.7 0 0 0-4-.2l-2 2a2.7 2.7 0 0 0 3.8 3.8l.9-.9" />,
);
export const CommentIcon = icon(<path d="M2.5 3.5h11v7.5H7.2L4.3 13.3V11H2.5z" />);
export const ClipIcon = icon(
  <path d="M13 7.6l-5 5a3.2 3.2 0 0 1-4.5-4.5l5.3-5.4a2.1 2.1 0 0 1 3 3L6.6 11a1 1 0 0 1-1.5-1.5l4.6-4.6" />,
);
export const FilterIcon = icon(<path d="M2.5 4h11M4.5 8h7M6.5 12h3" />);
export const SunIcon = icon(
  <path d="M8 10.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6zM8 1.5v1.2M8 13.3v1.2M2.7 8H1.5M14.5 8h-1.2M4.2 4.2l-.8-.8M12.6 12.6l-.8-.8M4.2 11.8l-.8.8M12.6 3.4l-.8.8" />,
);
export const MoonIcon = icon(<path d="M13.5 9.6A5.8 5.8 0 0 1 6.4 2.5a5.8 5.8 0 1 0 7.1 7.1z" />);
export const GlobeIcon = icon(<path d="M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM2.2 8h11.6M8 2c1.7 1.7 2.5 3.7 2.5 6S9.7 12.3 8 14c-1.7-1.7-2.5-3.7-2.5-6S6.3 3.7 8 2z" />);
export const BoltIcon = icon(<path d="M8.8 1.8L3.2 9.2h4L7 14.2l5.8-7.6h-4z" />);
export const MoreIcon = icon(
  <>
    <circle cx="3.5" cy="8" r="1.3" />
    <circle cx="8" cy="8" r="1.3" />
    <circle cx="12.5" cy="8" r="1.3" />
  </>,
  true,
);
export const TrashIcon = icon(<path d="M2.8 4.2h10.4M6 4.2V2.7h4v1.5M4.2 4.2l.6 9h6.4l.6-9M6.7 6.8v4M9.3 6.8v4" />);
export const CopyIcon = icon(<path d="M5.5 5.5h8v8h-8zM3.8 10.5H2.5v-8h8v1.3" />);
export const DownloadIcon = icon(<path d="M8 2.5v7.2M4.8 6.8L8 10l3.2-3.2M2.8 13.3h10.4" />);
export const AlertIcon = icon(<path d="M8 2.2l6.2 11H1.8zM8 6.6v3M8 11.4h.01" />);
export const RefreshIcon = icon(<path d="M13.2 6.5A5.4 5.4 0 0 0 3.4 5M2.8 9.5a5.4 5.4 0 0 0 9.8 1.5M3.2 2.2V5H6M12.8 13.8V11H10" />);
export const UserIcon = icon(<path d="M8 8a2.6 2.6 0 1 0 0-5.2A2.6 2.6 0 0 0 8 8zM3 13.4c.5-2.3 2.5-3.6 5-3.6s4.5 1.3 5 3.6" />);
export const ExpandIcon = icon(<path d="M9.5 2.5h4v4M13.5 2.5L9 7M6.5 13.5h-4v-4M2.5 13.5L7 9" />);
export const CordIcon = icon(<path d="M8 1.5v6.2M5.2 9.2h5.6l-.7 4.6H5.9zM5.2 9.2L8 7.7l2.8 1.5" />);
export const LanesIcon = icon(<path d="M2.5 3h11M2.5 13h11M2.5 8h11M5 3v10" />);
export const UploadIcon = icon(<path d="M8 10V2.8M4.8 5.8L8 2.6l3.2 3.2M2.8 13.3h10.4" />);
export const ChildrenIcon = icon(<path d="M3 2.5v7c0 1 .7 1.8 1.8 1.8H7M3 5.5h4M7.5 4h6v3h-6zM7.5 9.8h6v3h-6z" />);

export const STATUS_COLOR: Record<Status, string> = {
  triage: "var(--purple)",
  todo: "var(--text-3)",
  scheduled: "var(--blue-grey)",
  ready: "var(--cyan)",
  running: "var(--amber)",
  review: "var(--accent-text)",
  blocked: "var(--red)",
  done: "var(--green)",
  archived: "var(--text-3)",
};

const STATUS_SHAPE: Record<Status, ReactNode> = {
  triage: <circle cx="8" cy="8" r="6" strokeDasharray="2 2.2" />,
  todo: <circle cx="8" cy="8" r="6" />,
  scheduled: (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="M8 4.8V8l2.1 1.4" />
    </>
  ),
  ready: (
    <>
      <circle cx="8" cy="8" r="6" />
      <circle cx="8" cy="8" r="2.2" fill="currentColor" stroke="none" />
    </>
  ),
  running: (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="M8 4.4a3.6 3.6 0 0 1 0 7.2z" fill="currentColor" stroke="none" />
    </>
  ),
  review: (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="M8 4.4A3.6 3.6 0 1 1 4.4 8H8z" fill="currentColor" stroke="none" />
    </>
  ),
  blocked: (
    <>
      <circle cx="8" cy="8" r="6" fill="currentColor" />
      <path d="M5.2 8h5.6" stroke="var(--panel)" strokeWidth="2" />
    </>
  ),
  done: (
    <>
      <circle cx="8" cy="8" r="6" fill="currentColor" />
      <path d="M5.3 8.2l1.9 1.9 3.5-3.8" stroke="var(--panel)" strokeWidth="1.7" />
    </>
  ),
  archived: (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="M6 6l4 4M10 6l-4 4" />
    </>
  ),
};

/** The sign of a status: a shape of its own, so that colour is never the only difference. */
export function StatusIcon({ status, size = 14 }: { status: Status; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.6}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
      className="shrink-0"
      style={{ color: STATUS_COLOR[status] }}
    >
      {STATUS_SHAPE[status]}
    </svg>
  );
}

/** The lamp over the line. */
export function Lamp({ state }: { state: "go" | "stopped" | "lost" }) {
  const lit = (which: string, color: string) => (state === which ? color : "var(--line-strong)");
  return (
    <svg width="16" height="22" viewBox="0 0 16 22" aria-hidden="true" focusable="false" className="shrink-0">
      <rect x="2.5" y="0.5" width="11" height="21" rx="5.5" fill="#17181c" stroke="var(--line-strong)" />
      <circle cx="8" cy="5.5" r="2.6" fill={lit("stopped", "#f2555a")} />
      <circle cx="8" cy="11" r="2.6" fill={lit("lost", "#f0b429")} />
      <circle cx="8" cy="16.5" r="2.6" fill={lit("go", "#3fb950")} />
    </svg>
  );
}
