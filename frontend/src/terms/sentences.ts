/** Sentences of the analyses in Portuguese: titles of findings, and why there is no value.
 *
 * The server speaks English. What is not in the table stays as it is: a reason in the wrong
 * language is better than none.
 */
import { formatFor } from "@/i18n/format";

import { regionName } from "./measurements";
import { capitalised, type Language, structureName } from "./structures";

type Rewrite = [sentence: RegExp, rewritten: (...parts: string[]) => string];

const EDGES: Record<string, string> = {
  superior: "superior",
  inferior: "inferior",
  left: "esquerda",
  right: "direita",
  anterior: "anterior",
  posterior: "posterior",
};

const number = (text: string) => text.replace(".", ",");
const edges = (text: string) =>
  text
    .split(" and ")
    .map((edge) => EDGES[edge] ?? edge)
    .join(" e ");
const atEdges = (text: string) =>
  `${text.includes(" and ") ? "nas bordas" : "na borda"} ${edges(text)}`;
const structure = (text: string) => structureName(text.replaceAll(" ", "_"), "pt");
const region = (text: string) => regionName(text, "pt");

const REASONS: Rewrite[] = [
  [/^contrast phase is defined for CT only$/, () => "a fase de contraste é definida só para TC"],
  [
    /^MR intensities are not Hounsfield units$/,
    () => "intensidades de RM não são unidades Hounsfield",
  ],
  [
    /^tissues are told apart by attenuation, which MR does not have$/,
    () => "os tecidos são distinguidos pela atenuação, que não existe na RM",
  ],
  [
    /^muscle is told from fat by attenuation, which MR does not have$/,
    () => "o músculo é distinguido da gordura pela atenuação, que não existe na RM",
  ],
  [/^the task (\w+) reads CT only$/, (task) => `a tarefa ${task} lê apenas TC`],
  [/^truncated at ([\w ]+?) edges?$/, (at) => `cortado ${atEdges(at)}`],
  [/^L3 is truncated at ([\w ]+?) edges?$/, (at) => `L3 está cortada ${atEdges(at)}`],
  [/^bleed truncated at ([\w ]+?) edge$/, (at) => `sangramento cortado ${atEdges(at)}`],
  [
    /^(\d+) of the (\d+) structures the phase is read off are in view, at least (\d+) with a vessel, the heart or the liver are needed$/,
    (seen, all, needed) =>
      `${seen} das ${all} estruturas usadas para ler a fase estão no exame; são necessárias ao menos ${needed}, com um vaso, o coração ou o fígado`,
  ],
  [
    /^the (\w+) (?:is|are) not covered by this volume$/,
    (where) => `a região "${region(where)}" não está coberta por este volume`,
  ],
  [
    /^task (\w+) was not run: not requested$/,
    (task) => `a tarefa ${task} não foi executada: não solicitada`,
  ],
  [
    /^task (\w+) was not run: the weights of (\w+) are not installed$/,
    (task, weights) =>
      `a tarefa ${task} não foi executada: os pesos de ${weights} não estão instalados`,
  ],
  [
    /^task (\w+) has no structure of the (\w+)$/,
    (task, where) => `a tarefa ${task} não tem estruturas da região "${region(where)}"`,
  ],
  [
    /^no region has enough of its anchor structures in this volume$/,
    () => "nenhuma região tem estruturas de referência suficientes neste volume",
  ],
  [/^no ventricle segmented in this volume$/, () => "nenhum ventrículo segmentado neste volume"],
  [
    /^no ([\w ]+) segmented in this volume$/,
    (what) => `não segmentado neste volume: ${structure(what)}`,
  ],
  [
    /^the bundled networks are unsure of the ([\w ]+) \(confidence ([\d.]+)\)$/,
    (what, sure) =>
      `as redes incluídas não têm certeza: ${structure(what)} (confiança ${number(sure)})`,
  ],
  [
    /^the bundled weights do not segment the ([\w ]+) well enough to measure$/,
    (what) => `os pesos incluídos não segmentam bem o suficiente para medir: ${structure(what)}`,
  ],
  [
    /^the bundled weights do not segment the ([\w ]+)$/,
    (what) => `os pesos incluídos não segmentam: ${structure(what)}`,
  ],
  [
    /^no ([\w ]+) segmented on this slice$/,
    (what) => `não segmentado neste corte: ${structure(what)}`,
  ],
  [
    /^only ([\d.]+) cm3 of ([\w ]+) segmented: a fragment, not the structure$/,
    (volume, what) =>
      `apenas ${number(volume)} cm³ segmentados (${structure(what)}): um fragmento, não a estrutura`,
  ],
  [
    /^what is labelled ([\w ]+) measures (-?\d+) HU: mislabelled$/,
    (what, hu) => `o que foi rotulado como ${structure(what)} mede ${hu} HU: rótulo errado`,
  ],
  [
    /^only ([\d.]+) cm3 left after eroding by ([\d.]+) mm$/,
    (volume, mm) => `restam apenas ${number(volume)} cm³ após erosão de ${number(mm)} mm`,
  ],
  [
    /^only (\d+) whole vertebrae in view: labelling cannot be verified$/,
    (count) => `apenas ${count} vértebras inteiras no exame: a rotulagem não pode ser verificada`,
  ],
  [
    /^vertebral labelling inconsistent: (\w+) lies above (\w+)$/,
    (lower, upper) => `rotulagem vertebral inconsistente: ${lower} está acima de ${upper}`,
  ],
  [
    /^vertebral labelling inconsistent: (\w+) is labelled in two places$/,
    (level) => `rotulagem vertebral inconsistente: ${level} aparece em dois lugares`,
  ],
  [
    /^vertebral labelling inconsistent: ([\w-]+) spacing is ([\d.]+) of its neighbours'$/,
    (levels, ratio) =>
      `rotulagem vertebral inconsistente: o espaço ${levels} é ${number(ratio)} do de seus vizinhos`,
  ],
  [
    /^only ([\d.]+) cm2 of muscle segmented at L3$/,
    (area) => `apenas ${number(area)} cm² de músculo segmentados em L3`,
  ],
  [
    /^muscle cut by the field of view at the ([\w ]+)$/,
    (at) => `músculo cortado pelo campo de visão (${edges(at)})`,
  ],
  [
    /^cut by the field of view at the ([\w ]+)$/,
    (at) => `cortado pelo campo de visão (${edges(at)})`,
  ],
  [/^the patient's height is not known$/, () => "a altura do paciente não é conhecida"],
  [
    /^no brain in view \((\d+) of at least (\d+) cm³\)$/,
    (seen, needed) => `encéfalo fora do exame (${seen} de ao menos ${needed} cm³)`,
  ],
  [/^(\w+) broke: (\w+)$/, (analysis, error) => `${analysis} falhou: ${error}`],
];

/** Titles with numbers: both languages write them by their own rules. */
const TITLES: [RegExp, (language: Language, ...parts: string[]) => string][] = [
  [
    /^Intracerebral haemorrhage, (?:large \(≥ ([\d.]+) cm³\): )?([\d.]+) cm³$/,
    (language, large, volume) => {
      const size = `${decimal(volume, 1, language)} cm³`;
      const limit = large ? `≥ ${decimal(large, 0, language)} cm³` : "";
      if (language === "pt")
        return `Hemorragia intracerebral, ${limit ? `grande (${limit}): ` : ""}${size}`;
      return `Intracerebral haemorrhage, ${limit ? `large (${limit}): ` : ""}${size}`;
    },
  ],
  [
    /^Low skeletal muscle mass at L3$/,
    (language) =>
      language === "pt"
        ? "Massa muscular esquelética baixa em L3"
        : "Low skeletal muscle mass at L3",
  ],
  [
    /^Low skeletal muscle attenuation at L3$/,
    (language) =>
      language === "pt"
        ? "Atenuação muscular esquelética baixa em L3"
        : "Low skeletal muscle attenuation at L3",
  ],
  [
    /^Enlarged spleen, ([\d.]+) cm³$/,
    (language, volume) =>
      `${language === "pt" ? "Baço aumentado" : "Enlarged spleen"}, ${decimal(volume, 0, language)} cm³`,
  ],
  [
    /^Liver attenuation in the range of steatosis, (-?[\d.]+) HU$/,
    (language, hu) =>
      language === "pt"
        ? `Atenuação hepática na faixa de esteatose, ${hu} HU`
        : `Liver attenuation in the range of steatosis, ${hu} HU`,
  ],
  [
    /^Not wholly in the volume: ([\w ,]+)$/,
    (language, organs) => {
      const names = organs
        .split(", ")
        .map((organ) => structureName(organ.replaceAll(" ", "_"), language));
      return `${language === "pt" ? "Não está inteiro no volume" : "Not wholly in the volume"}: ${names.join(", ")}`;
    },
  ],
];

function decimal(text: string | undefined, digits: number, language: Language): string {
  return formatFor(language).number(Number(text), digits);
}

/** Why there is no value. */
export function reasonText(reason: string, language: Language): string {
  if (language === "en")
    return reason.replace(/\bcm([23])\b/g, (_, n) => (n === "2" ? "cm²" : "cm³"));
  for (const [sentence, rewritten] of REASONS) {
    const found = sentence.exec(reason);
    if (found) return rewritten(...found.slice(1));
  }
  return reason;
}

/** The title of a finding; the worklist's chips have it too. */
export function findingTitle(title: string, language: Language): string {
  for (const [sentence, rewritten] of TITLES) {
    const found = sentence.exec(title);
    if (found) return capitalised(rewritten(language, ...found.slice(1)));
  }
  return title;
}
