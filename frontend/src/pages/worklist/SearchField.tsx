import { CloseButton, Kbd, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { type RefObject, useState } from "react";
import { useTranslation } from "react-i18next";

const PAUSE_MS = 200;

interface Props {
  /** As it stands in the address. */
  search: string;
  onSearch: (search: string) => void;
  field: RefObject<HTMLInputElement | null>;
  /** On to what was found. */
  onLeave: () => void;
}

/** Searches while one types. */
export function SearchField({ search, onSearch, field, onLeave }: Props) {
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
  const type = (typed: string) => {
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
          onLeave();
        }
        if (event.key !== "Escape") return;
        if (text) type("");
        else event.currentTarget.blur();
      }}
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
