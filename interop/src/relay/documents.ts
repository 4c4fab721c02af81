// The documents of the Relay client. relay-compiler reads this file and writes __generated__; no program imports it.
import { graphql } from 'relay-runtime';

export const SIGN_IN = graphql`
  mutation documentsSignInMutation($input: SignInInput!) {
    signIn(input: $input) {
      tokens { accessToken refreshToken }
      errors { code message }
    }
  }
`;

export const WALLET = graphql`
  query documentsWalletQuery {
    wallet { id version available { amount } }
  }
`;

export const PAY = graphql`
  mutation documentsPayMutation($input: TransferInput!) {
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
`;

export const CONFIRM = graphql`
  mutation documentsConfirmMutation($id: ID!) {
    confirmTransfer(id: $id) {
      transaction { id status }
      errors { code message }
    }
  }
`;

export const BALANCE_CHANGED = graphql`
  subscription documentsBalanceChangedSubscription {
    balanceChanged { id version available { amount } }
  }
`;

// The list of transactions, a page at a time. The compiler checks the connection, and makes the query of a next page
// from `node(id:)`.
export const TRANSACTIONS = graphql`
  fragment documentsTransactions_wallet on Wallet
  @argumentDefinitions(count: { type: "Int", defaultValue: 1 }, cursor: { type: "String" })
  @refetchable(queryName: "documentsNextTransactionsQuery") {
    transactions(first: $count, after: $cursor) @connection(key: "documents_transactions") {
      edges { node { id title status } }
    }
  }
`;

export const FIRST_TRANSACTIONS = graphql`
  query documentsTransactionsQuery {
    wallet { id ...documentsTransactions_wallet }
  }
`;
