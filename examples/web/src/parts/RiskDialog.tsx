import { useFragment, useMutation } from '@apollo/client/react';
import { Button, Group, List, Modal, Stack, Text } from '@mantine/core';
import { useInterval } from '@mantine/hooks';
import { IconShieldExclamation } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { CancelTransferDocument, ConfirmTransferDocument, TransactionPartsFragmentDoc } from '../gql/graphql';
import { useAction } from '../lib/hooks';
import { money, STATUS, words } from '../lib/words';
import { Troubles } from './Troubles';

/** The seconds until a time, counting down. */
function useSecondsUntil(time: string | null | undefined): number {
  const left = () => (time ? Math.max(0, Math.ceil((Date.parse(time) - Date.now()) / 1000)) : 0);
  const [seconds, setSeconds] = useState(left);
  useInterval(() => setSeconds(left()), 1000, { autoInvoke: true });
  useEffect(() => setSeconds(left()), [time]);
  return seconds;
}

const twoDigits = (value: number) => String(value).padStart(2, '0');

/** A payment that waits for its sender: why, how long, and the two answers. It may have been sent on another device. */
export default function RiskDialog({ id, onClose }: { id: string | null; onClose: () => void }) {
  const { data } = useFragment({
    fragment: TransactionPartsFragmentDoc, fragmentName: 'TransactionParts', from: id === null ? null : { __typename: 'Transaction', id },
  });
  const [confirm] = useMutation(ConfirmTransferDocument);
  const [cancel] = useMutation(CancelTransferDocument);
  const action = useAction();
  const seconds = useSecondsUntil(data?.expiresAt);
  const isWaiting = data?.status === 'PENDING_CONFIRMATION';

  const decide = async (isConfirmed: boolean) => {
    const payload = await action.run(async () => isConfirmed
      ? (await confirm({ variables: { id: id! } })).data?.confirmTransfer
      : (await cancel({ variables: { id: id! } })).data?.cancelTransfer);
    if (payload && payload.errors.length === 0) onClose();
  };

  return (
    <Modal opened={id !== null} onClose={onClose} title="Is this payment right?" centered closeButtonProps={{ 'aria-label': 'Decide later' }}>
      {data?.id && (
        <Stack>
          <Text size="lg">
            You are about to pay <b className="amount">{money(data.amount as never)}</b> to <b>{data.title}</b>
            {data.counterparty && <> (@{data.counterparty.username})</>}.
          </Text>
          {data.description && <Text c="dimmed">“{data.description}”</Text>}
          <List icon={<IconShieldExclamation size={20} aria-hidden />} spacing={4}>
            {data.riskReasons?.map((reason) => <List.Item key={reason?.rule}>{reason?.message}</List.Item>)}
          </List>
          {isWaiting
            ? (
              <Text size="sm" c="dimmed">
                The money is held.{' '}
                {seconds > 0
                  ? <>The payment expires in <span role="timer" className="amount">{Math.floor(seconds / 60)}:{twoDigits(seconds % 60)}</span> unless you confirm it.</>
                  : 'The time to confirm is over.'}
              </Text>
            )
            : <Text role="status" fw={600}>{STATUS[data.status!].text}: this payment is {words(data.status!)}.</Text>}
          <Troubles troubles={action.troubles} />
          {isWaiting
            ? (
              <Group grow>
                <Button variant="default" disabled={action.isBusy} onClick={() => decide(false)}>Cancel payment</Button>
                <Button loading={action.isBusy} onClick={() => decide(true)} data-autofocus>Confirm</Button>
              </Group>
            )
            : <Button onClick={onClose}>Close</Button>}
        </Stack>
      )}
    </Modal>
  );
}
