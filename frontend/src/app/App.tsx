import { MantineProvider, mergeThemeOverrides } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { RouterProvider } from "react-router";

import { styleNonce } from "./nonce";
import { queryClient } from "./queryClient";
import { router } from "./routes";
import { cssVariables, theme } from "./theme";

export function App() {
  const { t } = useTranslation("common");
  const label = t("close");
  const named = useMemo(() => {
    const close = { defaultProps: { "aria-label": label } };
    const notification = { defaultProps: { closeButtonProps: { "aria-label": label } } };
    const components = {
      ModalCloseButton: close,
      DrawerCloseButton: close,
      Notification: notification,
    };
    return mergeThemeOverrides(theme, { components });
  }, [label]);
  return (
    <MantineProvider
      theme={named}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="dark"
      getStyleNonce={() => styleNonce}
    >
      <Notifications position="bottom-right" />
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  );
}
