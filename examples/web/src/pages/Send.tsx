import { useMutation, useQuery } from '@apollo/client/react';
import { Alert, Box, Button, Group, List, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { Money } from '@pocketpay/client';
import { IconCheck, IconInfoCircle } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import { Link, useOutletContext, useSearchParams } from 'react-router';
import {
  type PersonPartsFragment, RecentCounterpartiesDocument, type TransactionPartsFragment, TransferDocument, type TransferMutation,
  TransferPreviewDocument, type TransferPreviewQuery,
} from '../gql/graphql';
import { useAttempt, useViewer } from '../lib/hooks';
import { money, refusal } from '../lib/words';
import { MoneyInput, NOT_AN_AMOUNT, useTypedMoney } from '../parts/MoneyInput';
import { Page, Panel } from '../parts/Page';
import { Face } from '../parts/Person';
import { PersonPicker } from '../parts/PersonPicker';
import { Troubles } from '../parts/Troubles';
import { Unanswered } from '../parts/Unanswered';
import type { Review } from '../Shell';

interface Payment { to: string; amount: string; description: string }

/** The wallet as it will be, with the next version: shown until the server answers. */
function predicted(viewer: ReturnType<typeof useViewer>, payment: Payment, preview: TransferPreviewQuery['transferPreview']): TransferMutation | undefined {
  const { wallet } = viewer;
  if (preview.status !== 'COMPLETED' && preview.status !== 'PENDING_CONFIRMATION') return undefined;
  const amount = { amount: payment.amount, currency: wallet.currency };
  const less = (money: { amount: string; currency: string }) => ({ __typename: 'Money' as const, currency: wallet.currency, amount: Money.of(money).minus(amount).amount });
  const isHeld = preview.status === 'PENDING_CONFIRMATION';
  const held = isHeld ? Money.of(wallet.held).plus(amount).amount : wallet.held.amount;
  return {
    __typename: 'Mutation',
    transfer: {
      __typename: 'TransactionPayload', replayed: false, transaction: null, errors: [],
      wallet: {
        ...wallet,
        version: wallet.version + 1,
        available: less(wallet.available),
        balance: isHeld ? wallet.balance : less(wallet.balance),
        held: { __typename: 'Money', currency: wallet.currency, amount: held },
      },
    },
  };
}

export default function Send() {
  const viewer = useViewer();
  const { review } = useOutletContext<Review>();
  const [parameters] = useSearchParams();
  const typedMoney = useTypedMoney();
  const [to, setTo] = useState<PersonPartsFragment | null>(null);
  const [amount, setAmount] = useState(parameters.get('amount') ?? '');
  const [description, setDescription] = useState('');
  const [paid, setPaid] = useState<TransactionPartsFragment | null>(null);
  const [transfer] = useMutation(TransferDocument);
  const recent = useQuery(RecentCounterpartiesDocument).data?.recentCounterparties ?? [];

  const sum = typedMoney(amount);
  const [asked] = useDebouncedValue(to && sum ? `${to.username} ${sum.amount}` : '', 300);
  const [askedTo = '', askedAmount = ''] = asked.split(' ');
  const previewed = useQuery(TransferPreviewDocument, {
    variables: { input: { to: askedTo, amount: askedAmount } }, skip: asked === '' || paid !== null, fetchPolicy: 'network-only',
  });
  const isCurrent = asked !== '' && asked === `${to?.username} ${sum?.amount}`;
  const preview = isCurrent ? previewed.data?.transferPreview : undefined;

  const { send, isBusy, troubles, of, unanswered, clear } = useAttempt('transfer', async (input: Payment, idempotencyKey) => {
    const optimisticResponse = preview && predicted(viewer, input, preview);
    const { data } = await transfer({ variables: { input: { ...input, idempotencyKey } }, ...(optimisticResponse && { optimisticResponse }) });
    return data?.transfer;
  });

  const pay = async (payment: Payment) => {
    const payload = await send(payment);
    if (!payload?.transaction || payload.errors.length > 0) return;
    if (payload.transaction.status === 'PENDING_CONFIRMATION') review(payload.transaction.id);
    setPaid(payload.transaction);
    setAmount('');
    setDescription('');
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (to && sum) void pay({ to: to.username, amount: sum.amount, description: description.trim() });
  };

  if (paid) return <Sent transaction={paid} onMore={() => { setPaid(null); setTo(null); clear(); }} />;
  return (
    <Page title="Send money">
      {unanswered && (
        <Unanswered isBusy={isBusy} onResend={() => void pay(unanswered)}>
          You sent {money({ amount: unanswered.amount, currency: viewer.wallet.currency })} to @{unanswered.to}.
        </Unanswered>
      )}
      <Panel>
        <form onSubmit={submit}>
          <Stack>
            <PersonPicker label="To" required value={to} onPick={setTo} error={of('to')} disabled={unanswered !== null} />
            {recent.length > 0 && (
              <Group gap="xs" role="group" aria-label="People you paid lately">
                {recent.slice(0, 4).map((person) => (
                  <Button key={person.id} variant={to?.id === person.id ? 'light' : 'default'} radius="xl" size="compact-sm" leftSection={<Face name={person.name} size={22} />}
                    onClick={() => setTo(person)} disabled={unanswered !== null} aria-pressed={to?.id === person.id}>{person.name.split(' ')[0]}</Button>
                ))}
              </Group>
            )}
            <MoneyInput label="Amount" required size="lg" value={amount} onChange={setAmount} disabled={unanswered !== null}
              error={of('amount') ?? (amount.trim() !== '' && !sum ? NOT_AN_AMOUNT : undefined)} description={`${money(viewer.wallet.available)} available`} />
            <TextInput label="Note" placeholder="What is it for?" maxLength={500} value={description} onChange={(event) => setDescription(event.currentTarget.value)} error={of('description')} disabled={unanswered !== null} />
            <Box mih={76} aria-live="polite"><Preview preview={preview} /></Box>
            <Troubles troubles={troubles} shown={['to', 'amount', 'description']} />
            <Button type="submit" size="lg" loading={isBusy} disabled={!to || !sum || unanswered !== null}>{sum ? `Pay ${sum.format()}` : 'Pay'}</Button>
          </Stack>
        </form>
      </Panel>
    </Page>
  );
}

function Preview({ preview }: { preview: TransferPreviewQuery['transferPreview'] | undefined }) {
  if (!preview) return <Text size="sm" c="dimmed">Choose a person and an amount: we check the payment before you send it.</Text>;
  const [error] = preview.errors;
  if (error) return <Alert color="red" variant="light" icon={<IconInfoCircle aria-hidden />} py="xs" role="presentation">{refusal(error)}</Alert>;
  return (
    <>
      <Text size="sm">You will have <b className="amount">{preview.availableAfter && money(preview.availableAfter)}</b> left.</Text>
      {preview.riskReasons.length > 0 && (
        <List size="sm" mt={4}>
          {preview.riskReasons.map(({ rule, message }) => <List.Item key={rule}>{message} You will be asked to confirm.</List.Item>)}
        </List>
      )}
    </>
  );
}

function Sent({ transaction, onMore }: { transaction: TransactionPartsFragment; onMore: () => void }) {
  const isHeld = transaction.status === 'PENDING_CONFIRMATION';
  return (
    <Page title={isHeld ? 'Confirm your payment' : 'Sent'}>
      <Panel>
        <Stack align="center" py="lg">
          <Face name={transaction.title} size={72} />
          <Text fz={32} fw={700} className="amount">{money(transaction.amount)}</Text>
          <Text role="status" data-testid="sent">
            {isHeld ? 'The money is held until you confirm the payment to ' : <><IconCheck size={16} aria-hidden /> Paid to </>}
            <b>{transaction.title}</b>.
          </Text>
          <Group>
            <Button component={Link} to={`/activity/${transaction.id}`} variant="default">See the payment</Button>
            <Button onClick={onMore}>Send more</Button>
          </Group>
        </Stack>
      </Panel>
    </Page>
  );
}
