import { activity } from "./activity";
import { cases } from "./cases";
import { desktop } from "./desktop";
import { disagreements } from "./disagreements";
import { frame } from "./frame";
import { gate } from "./gate";
import { incident } from "./incident";
import { kit } from "./kit";
import { review } from "./review";
import { rollout } from "./rollout";
import { settings } from "./settings";
import { shared } from "./shared";

export const en = {
  desktop,
  activity,
  cases,
  disagreements,
  frame,
  gate,
  incident,
  kit,
  review,
  rollout,
  settings,
  shared,
};
