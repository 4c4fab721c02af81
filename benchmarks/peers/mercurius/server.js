// A wallet server on Mercurius: DATABASE_URL=postgresql://… PORT=4001 node server.js
// The schema is that of ../strawberry_server.py. `name` makes each statement a prepared one, kept by its connection.
import Fastify from 'fastify';
import mercurius from 'mercurius';
import pg from 'pg';

const CONNECTIONS = 16;
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: CONNECTIONS });

const schema = `
  type Account { id: ID! balance: String! version: String! }
  type Transfer { id: ID! amount: String! }
  type Query { account(id: ID!): Account }
  type Mutation { transfer(from: ID!, to: ID!, amount: String!): Transfer! }
`;

const first = async (name, text, values) => (await pool.query({ name, text, values })).rows[0];

const resolvers = {
  Query: {
    account: (_, { id }) =>
      first('account', 'select id::text, balance::text, version::text from accounts where id = $1', [id]),
  },
  Mutation: {
    transfer: (_, { from, to, amount }) =>
      first('pay', 'select pay($1, $2, $3)::text as id, $3::bigint::text as amount', [from, to, amount]),
  },
};

const app = Fastify();
app.get('/ready', async () => 'ready');
app.register(mercurius, { schema, resolvers, jit: 1 }); // compiles a document from its second execution on
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
