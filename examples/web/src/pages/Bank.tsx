import { useMutation, useQuery } from '@apollo/client/react';
import { Alert, Box, Button, SegmentedControl, Stack, Tabs, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { type FormEvent, useState } from 'react';
import { Link } from 'react-router';
import { DepositDocument, type TransactionPartsFragment, WithdrawalPreviewDocument, type WithdrawalSpeed, WithdrawDocument } from '../gql/graphql';
import { useAttempt, useViewer } from '../lib/hooks';
import { money, refusal, STATUS } from '../lib/words';
import { MoneyInput, NOT_AN_AMOUNT, useTypedMoney } from '../parts/MoneyInput';
import { Page, Panel } from '../parts/Page';
import { Troubles } from '../parts/Troubles';
import { Unanswered } from '../parts/Unanswered';

export default function Bank() {
  return (
    <Page title="Deposit and withdraw">
      <Tabs defaultValue="deposit" keepMounted={false}>
        <Tabs.List mb="lg"><Tabs.Tab value="deposit">Deposit</Tabs.Tab><Tabs.Tab value="withdraw">Withdraw</Tabs.Tab></Tabs.List>
        <Tabs.Panel value="deposit"><Deposit /></Tabs.Panel>
        <Tabs.Panel value="withdraw"><Withdraw /></Tabs.Panel>
      </Tabs>
    </Page>
  );
}

function Result({ transaction }: { transaction: TransactionPartsFragment | null }) {
  return (
    <div role="status">
      {transaction && (
        <Alert color={STATUS[transaction.status].color} variant="light" title={STATUS[transaction.status].text} role="presentation">
          {money(transaction.amount)} {transaction.type === 'DEPOSIT' ? 'from' : 'to'} {transaction.bankName}. <Link to={`/activity/${transaction.id}`}>See it</Link>
        </Alert>
      )}
    </div>
  );
}

function Deposit() {
  const { wallet } = useViewer();
  const typedMoney = useTypedMoney();
  const [amount, setAmount] = useState('');
  const [bankName, setBankName] = useState('');
  const [done, setDone] = useState<TransactionPartsFragment | null>(null);
  const [deposit] = useMutation(DepositDocument);
  type Input = { amount: string; bankName: string };
  const { send, isBusy, troubles, of, unanswered } = useAttempt('deposit', async (input: Input, idempotencyKey) =>
    (await deposit({ variables: { input: { ...input, idempotencyKey } } })).data?.deposit);
  const sum = typedMoney(amount);
  const go = async (input: Input) => {
    const payload = await send(input);
    setDone(payload?.transaction ?? null);
    if (payload?.transaction && payload.errors.length === 0) setAmount('');
  };
  return (
    <Panel title="From a bank">
      <form onSubmit={(event: FormEvent) => { event.preventDefault(); if (sum) void go({ amount: sum.amount, bankName: bankName.trim() }); }}>
        <Stack>
          {unanswered && <Unanswered isBusy={isBusy} onResend={() => void go(unanswered)}>You deposited {unanswered.amount} {wallet.currency}.</Unanswered>}
          <MoneyInput label="Amount" required value={amount} onChange={setAmount} error={of('amount') ?? (amount.trim() && !sum ? NOT_AN_AMOUNT : undefined)} />
          <TextInput label="Bank" required maxLength={100} value={bankName} onChange={(event) => setBankName(event.currentTarget.value)} error={of('bankName')} />
          <Troubles troubles={troubles} shown={['amount', 'bankName']} />
          <Button type="submit" loading={isBusy} disabled={!sum || unanswered !== null}>{sum ? `Deposit ${sum.format()}` : 'Deposit'}</Button>
          <Result transaction={done} />
        </Stack>
      </form>
    </Panel>
  );
}

function Withdraw() {
  const { wallet } = useViewer();
  const typedMoney = useTypedMoney();
  const [amount, setAmount] = useState('');
  const [bankName, setBankName] = useState('');
  const [speed, setSpeed] = useState<WithdrawalSpeed>('STANDARD');
  const [done, setDone] = useState<TransactionPartsFragment | null>(null);
  const [withdraw] = useMutation(WithdrawDocument);
  type Input = { amount: string; bankName: string; speed: WithdrawalSpeed };
  const { send, isBusy, troubles, of, unanswered } = useAttempt('withdraw', async (input: Input, idempotencyKey) =>
    (await withdraw({ variables: { input: { ...input, idempotencyKey } } })).data?.withdraw);
  const sum = typedMoney(amount);
  const [asked] = useDebouncedValue(sum?.amount ?? '', 300);
  const { data } = useQuery(WithdrawalPreviewDocument, { variables: { input: { amount: asked, speed } }, skip: asked === '', fetchPolicy: 'network-only' });
  const preview = asked !== '' && asked === sum?.amount ? data?.withdrawalPreview : undefined;
  const go = async (input: Input) => {
    const payload = await send(input);
    setDone(payload?.transaction ?? null);
    if (payload?.transaction && payload.errors.length === 0) setAmount('');
  };
  return (
    <Panel title="To a bank">
      <form onSubmit={(event: FormEvent) => { event.preventDefault(); if (sum) void go({ amount: sum.amount, bankName: bankName.trim(), speed }); }}>
        <Stack>
          {unanswered && <Unanswered isBusy={isBusy} onResend={() => void go(unanswered)}>You withdrew {unanswered.amount} {wallet.currency}.</Unanswered>}
          <SegmentedControl aria-label="Speed" fullWidth value={speed} onChange={(value) => setSpeed(value as WithdrawalSpeed)} data={[{ value: 'STANDARD', label: 'Standard, free' }, { value: 'INSTANT', label: 'At once, for a fee' }]} />
          <MoneyInput label="Amount that arrives" required value={amount} onChange={setAmount} description={`${money(wallet.available)} available`} error={of('amount') ?? (amount.trim() && !sum ? NOT_AN_AMOUNT : undefined)} />
          <TextInput label="Bank" required maxLength={100} value={bankName} onChange={(event) => setBankName(event.currentTarget.value)} error={of('bankName')} />
          <Box mih={48} aria-live="polite">
            {preview?.errors[0]
              ? <Text size="sm" c="var(--mantine-color-error)">{refusal(preview.errors[0])}</Text>
              : preview?.fee && preview.total && preview.availableAfter && (
                <Text size="sm">
                  The fee is <b className="amount">{money(preview.fee)}</b>: <b className="amount">{money(preview.total)}</b> leaves your wallet, and <b className="amount">{money(preview.availableAfter)}</b> stays.
                  {preview.limit && <> You can withdraw {money(preview.limit.remaining)} more today.</>}
                </Text>
              )}
          </Box>
          <Troubles troubles={troubles} shown={['amount', 'bankName']} />
          <Button type="submit" loading={isBusy} disabled={!sum || unanswered !== null}>{sum ? `Withdraw ${sum.format()}` : 'Withdraw'}</Button>
          <Result transaction={done} />
        </Stack>
      </form>
    </Panel>
  );
}
