// What Datasette's templates have as inline scripts, so that pages may forbid those.
window.DATASETTE_ALLOW_FACET = true;

document.addEventListener("click", (event) => {
  const within = event.target.closest("details");
  document.querySelectorAll("details[open]").forEach((details) => {
    if (details !== within) details.open = false;
  });
});

document.addEventListener("DOMContentLoaded", () => {
  const input = document.querySelector("textarea#sql-editor");
  const button = document.querySelector("button#sql-format");
  if (!input || !window.CodeMirror) return;
  const editor = CodeMirror.fromTextArea(input, { lineNumbers: true, mode: "text/x-sql", lineWrapping: true });
  editor.setOption("extraKeys", { "Shift-Enter": () => document.querySelector("form.sql").submit(), Tab: false });
  if (button && window.sqlFormatter) {
    button.hidden = false;
    button.addEventListener("click", () => editor.setValue(sqlFormatter.format(editor.getValue())));
  }
});
