// The OAuth 2.0 provider of the acceptance tests: npm's oidc-provider over HTTPS on a free port of loopback.
//
//   node provider.mjs CERTS       CERTS holds server.crt and server.key; see ../mkcerts
//
// Prints one line of JSON, {"issuer": …}, once it listens. Its login page takes any login and password: login
// "alice@example.org" is the owner of that mailbox. Clients register themselves (RFC 7591, POST /reg); besides the
// standard members they may say "access_ttl", the seconds that their access tokens live.
//
// Three doors are ours, for the tests' hands only:
//   POST /rig/revoke?login=L   the person takes every consent back, as on a provider's "connected apps" page
//   GET  /rig/counts           how many token requests of each grant type succeeded and failed
//   GET  /rig/tokens           every token that was handed out, so that a test can look for it where it must not be
import fs from 'node:fs';
import https from 'node:https';
import { createHash, randomBytes } from 'node:crypto';
import Provider from 'oidc-provider';

const certs = process.argv[2];
const key = fs.readFileSync(`${certs}/server.key`);
const cert = fs.readFileSync(`${certs}/server.crt`);

const HOUR = 3600;
const counts = {};
const tokens = []; // their values: these tokens are opaque
const grants = new Map(); // login -> ids of the consents that tokens were issued under

const configuration = {
  // The one client that is not registered by a test: Dovecot, which asks about tokens.
  clients: [{
    client_id: 'dovecot', client_secret: 'dovecot-secret',
    grant_types: [], response_types: [], redirect_uris: [],
  }],
  scopes: ['openid', 'email', 'offline_access', 'mail.imap'],
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  extraClientMetadata: { properties: ['access_ttl'] },
  findAccount: async (ctx, login) => ({
    accountId: login,
    claims: async () => ({ sub: login, email: login, email_verified: true }),
  }),
  // A person's lasting name is not the address, and another one for every client, as at Microsoft.
  subjectTypes: ['pairwise'],
  pairwiseIdentifier: async (ctx, login, client) => (
    createHash('sha256').update(`${client.clientId} ${login}`).digest('hex').slice(0, 20)
  ),
  // Kept with the token and told to whoever introspects it: Dovecot compares it with the mailbox.
  extraTokenClaims: async (ctx, token) => ({ username: token.accountId }),
  features: {
    devInteractions: { enabled: true }, // the library's own login and consent pages
    registration: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
  },
  pkce: { required: () => true },
  // A used refresh token that is shown again ends the whole consent: the strictest rotation there is.
  rotateRefreshToken: () => true,
  ttl: {
    AccessToken: (ctx, token, client) => client.access_ttl ?? HOUR,
    AuthorizationCode: 60, IdToken: HOUR, Interaction: HOUR,
    RefreshToken: 24 * HOUR, Session: 24 * HOUR, Grant: 24 * HOUR,
  },
  cookies: { keys: [randomBytes(16).toString('hex')] },
};

async function revoke(provider, login) {
  for (const id of grants.get(login) ?? []) {
    await provider.AccessToken.revokeByGrantId(id);
    await provider.RefreshToken.revokeByGrantId(id);
    await (await provider.Grant.find(id))?.destroy();
  }
  grants.delete(login);
}

const server = https.createServer({ key, cert }, async (request, response) => {
  const url = new URL(request.url, issuer);
  if (request.method === 'POST' && url.pathname === '/rig/revoke') {
    await revoke(provider, url.searchParams.get('login'));
    response.writeHead(204).end();
  } else if (url.pathname === '/rig/counts') {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(counts));
  } else if (url.pathname === '/rig/tokens') {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(tokens));
  } else {
    answer(request, response);
  }
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const issuer = `https://localhost:${server.address().port}`;
const provider = new Provider(issuer, configuration);
const answer = provider.callback();

const count = (what) => { counts[what] = (counts[what] ?? 0) + 1; };
provider.on('grant.success', (ctx) => count(ctx.oidc.params.grant_type));
provider.on('grant.error', (ctx, error) => {
  count(`${ctx.oidc.params?.grant_type} refused`);
  console.error('token request refused:', error.error, error.error_description, error.error_detail ?? '');
});
provider.on('authorization.error', (ctx, error) => console.error('authorization refused:', error.error_description));
provider.on('server_error', (ctx, error) => console.error(error));
provider.on('access_token.saved', (token) => {
  const ids = grants.get(token.accountId) ?? new Set();
  grants.set(token.accountId, ids.add(token.grantId));
  tokens.push(token.jti);
});
provider.on('refresh_token.saved', (token) => tokens.push(token.jti));

console.log(JSON.stringify({ issuer }));
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0));
// The tests hold our standard input: when they are gone, however they went, so are we.
process.stdin.on('end', () => process.exit(0)).resume();
