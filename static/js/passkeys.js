// Passkeys: asks the browser for one and sends what it says with the form.
"use strict";

{
  const said = () => document.getElementById("passkey-words")?.dataset ?? {};

  const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

  // The server's options as the browser wants them: what is text there is bytes here.
  function asked({ publicKey }) {
    const keys = (list) => list?.map((key) => ({ ...key, id: bytes(key.id) }));
    return {
      ...publicKey,
      challenge: bytes(publicKey.challenge),
      ...(publicKey.user && { user: { ...publicKey.user, id: bytes(publicKey.user.id) } }),
      ...(publicKey.excludeCredentials && { excludeCredentials: keys(publicKey.excludeCredentials) }),
      ...(publicKey.allowCredentials && { allowCredentials: keys(publicKey.allowCredentials) }),
    };
  }

  // What the browser answers, as the server reads it.
  function answered(credential) {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[name]) response[name] = text(credential.response[name]);
    }
    return {
      type: credential.type,
      id: credential.id,
      rawId: text(credential.rawId),
      response,
      clientExtensionResults: credential.getClientExtensionResults(),
    };
  }

  async function options(form) {
    const kept = document.getElementById(form.dataset.options ?? "");
    if (kept) return JSON.parse(kept.textContent);
    const answer = await fetch(form.action, { headers: { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" } });
    if (!answer.ok) throw new Error(`${answer.status}`);
    return (await answer.json()).request_options;
  }

  async function go(form) {
    const publicKey = asked(await options(form));
    if (form.dataset.passkey === "create") {
      const alone = form.elements.passwordless?.checked ?? false;
      publicKey.authenticatorSelection = {
        ...publicKey.authenticatorSelection,
        residentKey: alone ? "required" : "discouraged",
        requireResidentKey: alone,
        ...(alone && { userVerification: "required" }),
      };
      return answered(await navigator.credentials.create({ publicKey }));
    }
    return answered(await navigator.credentials.get({ publicKey }));
  }

  function why(error) {
    if (error.name === "SecurityError") return said().address;
    if (error.name === "InvalidStateError") return said().known;
    return said().failed;
  }

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const button = form.querySelector("button");
    form.hidden = false;
    const start = async () => {
      if (button.getAttribute("aria-disabled") === "true") return;
      if (!window.PublicKeyCredential) {
        tell(form, said().unsupported, "bad");
        return;
      }
      button.setAttribute("aria-disabled", "true");
      try {
        form.elements.credential.value = JSON.stringify(await go(form));
        form.submit();
      } catch (error) {
        tell(form, why(error), "bad");
        button.removeAttribute("aria-disabled");
      }
    };
    button.addEventListener("click", start);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      start();
    }, true);
  }
}
