// The worklist, live. Everything shown is set as text, never as markup.
const at = (id) => document.getElementById(id);
let csrf = null, shown = new Map(), events = null, timer = null;

async function call(path, options = {}, background = false) {
  const headers = { ...(options.headers || {}) };
  if (csrf) headers["X-CSRF-Token"] = csrf;
  if (background) headers["X-Background"] = "1";
  const answer = await fetch(path, { ...options, headers });
  if (answer.status === 204) return null;
  const body = await answer.json().catch(() => ({ detail: answer.statusText }));
  if (!answer.ok) throw Object.assign(new Error(body.detail), { status: answer.status, code: body.code });
  return body;
}
const send = (path, body) => call(path, {
  method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" },
});
function say(text, good = false) {
  at("message").textContent = text || "";
  at("message").className = good ? "done" : "failed";
}

function make(tag, text, kind) {
  const element = document.createElement(tag);
  if (text != null) element.textContent = text;
  if (kind) element.className = kind;
  return element;
}

function line(study) {
  const row = make("tr");
  const state = make("td", null, "state");
  if (study.stat) state.append(make("span", "STAT", "stat"), " ");
  state.append(make("span", study.state, study.state));
  if (study.progress > 0 && study.progress < 1) {
    const bar = make("progress");
    bar.value = study.progress;
    state.append(make("br"), bar);
    if (study.remaining_s != null) state.append(` about ${Math.ceil(study.remaining_s)} s left`);
  }
  const person = [study.sex, study.age_years && `${Math.floor(study.age_years)} y`].filter(Boolean);
  const patient = make("td", study.patient_name.replaceAll("^", " ") || "(no name)");
  patient.append(make("br"), make("small", [study.patient_id, ...person].filter(Boolean).join(" · ")));
  row.append(state, patient);
  const modality = study.modality || study.modalities.join(" ");
  for (const text of [study.study_date, study.accession_number, modality, study.description,
    study.instance_count]) row.append(make("td", text));
  const findings = make("td", study.error || null, study.error ? "error" : "");
  for (const one of study.findings) findings.append(make("div", one.title, one.severity));
  for (const notice of study.notices) findings.append(make("div", notice, "notice"));
  const links = make("td");
  if (study.has_results) {
    const base = `/api/patients/${encodeURIComponent(study.case_id)}`;
    for (const [name, path] of [["numbers", `${base}/results`], ["volume", `${base}/nifti`],
      ["all", `/api/v1/studies/${study.id}/archive`]]) {
      const link = make("a", name);
      link.href = path;
      links.append(link, " ");
    }
  }
  row.append(findings, links);
  return row;
}

function draw(study) {
  const fresh = line(study), old = shown.get(study.id);
  if (old) old.replaceWith(fresh);
  shown.set(study.id, fresh);
  return Boolean(old);
}

async function load(background) {
  const query = new URLSearchParams({ search: at("search").value, limit: 100 });
  const page = await call(`/api/v1/studies?${query}`, {}, background);
  shown = new Map();
  for (const study of page.studies) draw(study);
  at("rows").replaceChildren(...shown.values());
  at("count").textContent = `${page.studies.length} of ${page.total} studies`;
}
const reload = () => load(true).catch((error) => (error.status === 401 ? begin() : say(error.message)));
function soon() { clearTimeout(timer); timer = setTimeout(reload, 300); }

function follow() {
  events?.close();
  events = new EventSource("/api/v1/changes");
  events.addEventListener("study", (event) => { if (!draw(JSON.parse(event.data))) soon(); });
  for (const kind of ["removed", "reset"]) events.addEventListener(kind, soon);
  events.onerror = () => { if (events.readyState === EventSource.CLOSED) setTimeout(follow, 30000); };
}

function upload(file) {
  const request = new XMLHttpRequest(), form = new FormData(), bar = at("sent");
  form.append("file", file);
  request.open("POST", "/upload");
  if (csrf) request.setRequestHeader("X-CSRF-Token", csrf);
  request.upload.onprogress = (event) => { bar.value = event.loaded / event.total; };
  request.onloadend = () => {
    bar.hidden = true;
    let answer = {};
    try { answer = JSON.parse(request.responseText); } catch { /* no answer at all */ }
    say(answer.message || answer.detail || "the upload was broken off", request.status === 200);
    reload();
  };
  bar.value = 0;
  bar.hidden = false;
  say(`sending ${file.name}`, true);
  request.send(form);
}

function show(who) {

  csrf = who.csrf_token;
  at("who").textContent = who.name || "access control is off";
  at("renew").hidden = !who.must_change_password;
  at("sign-in").hidden = !who.must_change_password;
  document.querySelector("main").hidden = who.must_change_password;
  at("sign-out").hidden = !csrf;
  if (who.must_change_password) return say("The password has to be changed first.");
  say("");
  load(false).then(follow, (error) => say(error.message));
}

async function begin() {
  try {
    show(await call("/api/v1/session"));
  } catch (error) {
    at("sign-in").hidden = false;
    document.querySelector("main").hidden = true;
    if (error.status !== 401) say(error.message);
  }
}

at("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { name, password, renewed } = Object.fromEntries(new FormData(event.target));
  try {
    if (renewed) {
      await send("/api/v1/session/password", { present: password, new: renewed });
      show(await call("/api/v1/session"));
    } else show(await send("/api/v1/session", { name, password }));
    if (at("renew").hidden) event.target.reset();
  } catch (error) { say(error.message); }
});
at("sign-out").addEventListener("click", () => call("/api/v1/session", { method: "DELETE" })
  .finally(() => location.reload()));
at("search").addEventListener("input", soon);
at("file").addEventListener("change", (event) => event.target.files[0] && upload(event.target.files[0]));
for (const kind of ["dragover", "dragleave", "drop"]) {
  at("drop").addEventListener(kind, (event) => {
    event.preventDefault();
    at("drop").classList.toggle("over", kind === "dragover");
    if (kind === "drop" && event.dataTransfer.files[0]) upload(event.dataTransfer.files[0]);
  });
}
setInterval(() => { if (!document.querySelector("main").hidden) reload(); }, 30000);
begin();
