import access from "@/pages/access/pt.json";
import corrections from "@/pages/study/corrections/pt.json";
import delivery from "@/delivery/pt.json";
import destinations from "@/pages/destinations/pt.json";
import explorer from "@/pages/explorer/pt.json";
import help from "@/pages/help/pt.json";
import report from "@/pages/report/pt.json";
import rules from "@/pages/rules/pt.json";
import study from "@/pages/study/pt.json";
import system from "@/pages/system/pt.json";
import viewer from "@/viewer/pt.json";
import welcome from "@/pages/welcome/pt.json";

import { messages as first } from "./first.pt";

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
