// Every operation of this client. `npm run generate` reads them and writes their types into gql/.
import { graphql } from './gql/index.js';

export const SIGN_IN = graphql(`
  mutation SignIn($input: SignInInput!) {
    signIn(input: $input) {
      tokens { accessToken refreshToken accessTokenExpiresAt }
      errors { code message }
    }
  }
`);

export const REFRESH = graphql(`
  mutation Refresh($refreshToken: String!) {
    refreshSession(refreshToken: $refreshToken) {
      tokens { accessToken refreshToken accessTokenExpiresAt }
      errors { code message }
    }
  }
`);

export const PAY = graphql(`
  mutation Pay($input: TransferInput!) {
    transfer(input: $input) {
      transaction { id status riskReasons { message } }
      replayed
      errors { code message }
    }
  }
`);

export const CONFIRM = graphql(`
  mutation Confirm($id: ID!) {
    confirmTransfer(id: $id) {
      transaction { id status }
      errors { code message }
    }
  }
`);

export const BALANCE_CHANGED = graphql(`
  subscription BalanceChanged {
    balanceChanged { available { amount currency } version }
  }
`);
