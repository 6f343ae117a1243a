// Shows the API description, and sends requests to the API under the same prefix as this page: a
// stage, a custom domain, or an emulator's path. The key stays in this page's memory.
"use strict";

const prefix = new URL(".", window.location.href).href.replace(/\/$/, "");

fetch("openapi.json")
  .then((response) => response.json())
  .then((spec) => {
    spec.servers = [{ url: prefix }];
    SwaggerUIBundle({
      spec,
      dom_id: "#swagger-ui",
      deepLinking: true,
      docExpansion: "list",
      layout: "BaseLayout",
      presets: [SwaggerUIBundle.presets.apis],
      tryItOutEnabled: true,
      validatorUrl: null,
    });
  })
  .catch((error) => {
    document.getElementById("swagger-ui").textContent = `The description cannot be read: ${error}`;
  });
