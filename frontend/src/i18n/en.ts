import access from "@/pages/access/en.json";
import corrections from "@/pages/study/corrections/en.json";
import delivery from "@/delivery/en.json";
import destinations from "@/pages/destinations/en.json";
import explorer from "@/pages/explorer/en.json";
import help from "@/pages/help/en.json";
import report from "@/pages/report/en.json";
import rules from "@/pages/rules/en.json";
import study from "@/pages/study/en.json";
import system from "@/pages/system/en.json";
import viewer from "@/viewer/en.json";
import welcome from "@/pages/welcome/en.json";

import { messages as first } from "./first.en";

/** Texts by namespace: one per page, `common` for the frame, `terms` for the field's words. */
export const messages = {
  ...first,
  access,
  corrections,
  delivery,
  destinations,
  explorer,
  help,
  report,
  rules,
  study,
  system,
  viewer,
  welcome,
};
