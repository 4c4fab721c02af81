import { useMutation, useQuery } from '@apollo/client/react';
import { Alert, Anchor, Badge, Button, Collapse, Group, List, Skeleton, Stack, Table, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { Money } from '@pocketpay/client';
import { type FormEvent, useState } from 'react';
import { Link, useOutletContext, useParams } from 'react-router';
import { RefundDocument, TransactionDocument, type TransactionQuery } from '../gql/graphql';
import { useAttempt } from '../lib/hooks';
import { failure, money, signed, STATUS, time, TYPE, words } from '../lib/words';
import { MoneyInput, NOT_AN_AMOUNT, useTypedMoney } from '../parts/MoneyInput';
import { Page, Panel } from '../parts/Page';
import { TransactionIcon, TransactionList } from '../parts/TransactionList';
import { Troubles } from '../parts/Troubles';
import { Unanswered } from '../parts/Unanswered';
import type { Review } from '../Shell';

type Shown = NonNullable<TransactionQuery['transaction']>;

export default function TransactionPage() {
  const { id = '' } = useParams();
  const { review } = useOutletContext<Review>();
  const { data, error } = useQuery(TransactionDocument, { variables: { id } });
  const transaction = data?.transaction;
  if (!transaction) {
    return (
      <Page title="Transaction">
        <Panel>{data ? <Text>No transaction has this address, or it is not yours.</Text> : error ? <Text>{failure(error)}</Text> : <Skeleton h={260} />}</Panel>
      </Page>
    );
  }
  const { status, riskReasons, refunds, refundOf } = transaction;
  return (
    <Page title={TYPE[transaction.type]}>
      <Panel>
        <Stack align="center" gap="xs" mb="lg">
          <TransactionIcon transaction={transaction} />
          <Text fw={600} size="lg">{transaction.title}</Text>
          <Text fz={34} fw={700} className="amount">{signed(transaction)}</Text>
          <Badge variant="light" color={STATUS[status].color} data-testid="status">{STATUS[status].text}</Badge>
        </Stack>
        <Details transaction={transaction} />
        {riskReasons.length > 0 && (
          <Alert color="orange" variant="light" title="Why it had to be confirmed" mt="md" role="presentation">
            <List size="sm">{riskReasons.map(({ rule, message }) => <List.Item key={rule}>{message}</List.Item>)}</List>
          </Alert>
        )}
        {status === 'PENDING_CONFIRMATION' && <Button fullWidth mt="md" onClick={() => review(transaction.id)}>Confirm or cancel</Button>}
        <Refund transaction={transaction} />
      </Panel>
      {refunds.length > 0 && <Panel title="Refunds"><TransactionList transactions={refunds} /></Panel>}
      {refundOf && <Panel title="Refunded payment"><TransactionList transactions={[refundOf]} /></Panel>}
    </Page>
  );
}

function Details({ transaction }: { transaction: Shown }) {
  const { counterparty, description, createdAt, completedAt, fee, refunded, bankName, card, failureCode, id } = transaction;
  const rows: [string, React.ReactNode][] = [
    ['Made', time(createdAt)],
    ...(completedAt && completedAt !== createdAt ? [['Completed', time(completedAt)] as [string, string]] : []),
    ...(counterparty ? [[transaction.direction === 'INCOMING' ? 'From' : 'To', `${counterparty.name} (@${counterparty.username})`] as [string, string]] : []),
    ...(description ? [['Note', description] as [string, string]] : []),
    ...(bankName ? [['Bank', bankName] as [string, string]] : []),
    ...(card ? [['Card', <Anchor component={Link} to="/cards">{card.label} ···· {card.last4}</Anchor>] as [string, React.ReactNode]] : []),
    ...(!Money.of(fee).isZero ? [['Fee', money(fee)] as [string, string]] : []),
    ...(!Money.of(refunded).isZero ? [['Refunded', money(refunded)] as [string, string]] : []),
    ...(failureCode ? [['Reason', words(failureCode)] as [string, string]] : []),
    ['Reference', id],
  ];
  return (
    <Table variant="vertical" layout="fixed">
      <Table.Tbody>
        {rows.map(([name, value]) => (
          <Table.Tr key={name}><Table.Th w={110} bg="transparent" scope="row">{name}</Table.Th><Table.Td style={{ overflowWrap: 'anywhere' }}>{value}</Table.Td></Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

/** Refunds a payment, in full or in part. */
function Refund({ transaction }: { transaction: Shown }) {
  const left = Money.of(transaction.total).minus(transaction.refunded);
  const typedMoney = useTypedMoney();
  const [isOpen, { toggle, close }] = useDisclosure(false);
  const [amount, setAmount] = useState(new Intl.NumberFormat(undefined, { minimumFractionDigits: left.digits, useGrouping: false }).format(left.amount as Intl.StringNumericLiteral));
  const [reason, setReason] = useState('');
  const [refund] = useMutation(RefundDocument);
  type Input = { transactionId: string; amount: string; reason: string };
  const attempt = useAttempt(`refund.${transaction.id}`, async (input: Input, idempotencyKey) =>
    (await refund({ variables: { input: { ...input, idempotencyKey } }, refetchQueries: ['Transaction'] })).data?.refund);
  const isMine = transaction.direction === 'INCOMING' && (transaction.type === 'SEND' || transaction.type === 'REQUEST');
  if (!isMine || transaction.status !== 'COMPLETED' || left.isZero) return null;
  const sum = typedMoney(amount);
  const send = async (input: Input) => {
    const payload = await attempt.send(input);
    if (payload?.transaction && payload.errors.length === 0) close();
  };
  return (
    <Stack mt="md">
      {attempt.unanswered && <Unanswered isBusy={attempt.isBusy} onResend={() => void send(attempt.unanswered!)}>You refunded this payment.</Unanswered>}
      <Button variant="default" onClick={toggle} aria-expanded={isOpen}>Refund</Button>
      <Collapse expanded={isOpen}>
        <form onSubmit={(event: FormEvent) => {
          event.preventDefault();
          if (sum) void send({ transactionId: transaction.id, amount: sum.amount, reason: reason.trim() });
        }}>
          <Stack>
            <MoneyInput label="Amount to give back" description={`Up to ${left.format()}`} required value={amount} onChange={setAmount} error={attempt.of('amount') ?? (amount && !sum ? NOT_AN_AMOUNT : undefined)} />
            <TextInput label="Reason" required maxLength={500} value={reason} onChange={(event) => setReason(event.currentTarget.value)} error={attempt.of('reason')} />
            <Troubles troubles={attempt.troubles} shown={['amount', 'reason']} />
            <Group><Button type="submit" loading={attempt.isBusy} disabled={!sum || attempt.unanswered !== null}>{sum ? `Refund ${sum.format()}` : 'Refund'}</Button></Group>
          </Stack>
        </form>
      </Collapse>
    </Stack>
  );
}
