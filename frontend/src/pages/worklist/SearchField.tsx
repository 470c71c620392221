import { CloseButton, Kbd, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { type RefObject, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

const PAUSE_MS = 200;

interface Props {
  /** As it stands in the address. */
  search: string;
  onSearch: (search: string) => void;
  field: RefObject<HTMLInputElement | null>;
  /** What is listed is what that search found, not what was listed before. */
  isFound: boolean;
  /** On to what was found. */
  onLeave: () => void;
}

/** Searches while one types. */
export function SearchField({ search, onSearch, field, isFound, onLeave }: Props) {
  const { t } = useTranslation("worklist");
  const [text, setText] = useState(search);
  // What comes from elsewhere, the way back or "clear all", is shown; what was typed stays.
  const [known, setKnown] = useState(search);
  if (search !== known) {
    setKnown(search);
    if (search !== text.trim()) setText(search);
  }
  const tell = useDebouncedCallback((typed: string) => {
    setKnown(typed.trim());
    onSearch(typed.trim());
  }, PAUSE_MS);
  // The focus stays here until it is found: a key on a row of before would be about another patient.
  const isLeaving = useRef(false);
  const isHere = isFound && search === text.trim();
  const leave = () => {
    isLeaving.current = !isHere;
    if (isHere) onLeave();
    else tell.flush();
  };
  useEffect(() => {
    if (!isHere || !isLeaving.current) return;
    isLeaving.current = false;
    onLeave();
  });
  const type = (typed: string) => {
    isLeaving.current = false;
    setText(typed);
    tell(typed);
  };
  return (
    <TextInput
      ref={field}
      type="search"
      size="sm"
      value={text}
      maxLength={200}
      onChange={(event) => type(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === "Enter" || event.key === "ArrowDown") {
          event.preventDefault();
          leave();
        }
        if (event.key !== "Escape") return;
        if (text) type("");
        else event.currentTarget.blur();
      }}
      onBlur={() => (isLeaving.current = false)}
      aria-label={t("search.label")}
      placeholder={t("search.placeholder")}
      leftSection={<IconSearch size={16} />}
      rightSection={
        text ? (
          <CloseButton size="sm" onClick={() => type("")} aria-label={t("search.clear")} />
        ) : (
          <Kbd size="xs">/</Kbd>
        )
      }
      w={{ base: "100%", xs: 290 }}
      autoComplete="off"
      spellCheck={false}
    />
  );
}
