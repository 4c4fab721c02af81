import { useFragment } from '@apollo/client/react';
import { Alert, Button, Group, Text } from '@mantine/core';
import { IconShieldExclamation } from '@tabler/icons-react';
import { TransactionPartsFragmentDoc } from '../gql/graphql';
import { money } from '../lib/words';

function WaitingPayment({ id, onOpen }: { id: string; onOpen: (id: string) => void }) {
  const { data, complete } = useFragment({
    fragment: TransactionPartsFragmentDoc, fragmentName: 'TransactionParts', from: { __typename: 'Transaction', id },
  });
  if (!complete || data.status !== 'PENDING_CONFIRMATION') return null;
  return (
    <Alert color="orange" variant="light" icon={<IconShieldExclamation aria-hidden />} mb="md" py="sm">
      <Group justify="space-between">
        <Text size="sm"><b className="amount">{money(data.amount)}</b> to {data.title} waits for your confirmation.</Text>
        <Button size="compact-sm" onClick={() => onOpen(id)}>Review</Button>
      </Group>
    </Alert>
  );
}

/** The payments that wait for this user, from any device. */
export function Waiting({ ids, onOpen }: { ids: string[]; onOpen: (id: string) => void }) {
  return <div role="status">{ids.map((id) => <WaitingPayment key={id} id={id} onOpen={onOpen} />)}</div>;
}
