// The fonts are the reader's own: others would have to come from elsewhere.
const sans = "system-ui, sans-serif";
Redoc.init(
  "openapi.json",
  {
    hideDownloadButton: false,
    nativeScrollbars: true,
    theme: {
      typography: {
        fontFamily: sans,
        headings: { fontFamily: sans },
        code: { fontFamily: "ui-monospace, monospace" },
      },
    },
  },
  document.getElementById("api"),
);
