// The operations of the clients of Apollo, urql and graphql-request. `npm run generate` writes their types into gql/.
import { graphql } from './gql/index';

export const SIGN_IN = graphql(`
  mutation SignIn($input: SignInInput!) {
    signIn(input: $input) {
      tokens { accessToken refreshToken }
      errors { code message }
    }
  }
`);

export const REFRESH = graphql(`
  mutation Refresh($refreshToken: String!) {
    refreshSession(refreshToken: $refreshToken) {
      tokens { accessToken refreshToken }
      errors { code message }
    }
  }
`);

export const WALLET = graphql(`
  query Wallet {
    wallet { id version available { amount } }
  }
`);

export const PAY = graphql(`
  mutation Pay($input: TransferInput!) {
    transfer(input: $input) {
      transaction { id status riskReasons { rule message } }
      wallet { id version available { amount } }
      errors {
        code
        message
        ... on InsufficientFunds { required { amount } available { amount } }
      }
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
    balanceChanged { id version available { amount } }
  }
`);

export const CURRENCIES = graphql(`
  query Currencies {
    currencies { code }
  }
`);
