import { useLazyQuery, useMutation, useQuery } from '@apollo/client/react';
import { Alert, Badge, Button, Divider, Group, Modal, Select, Skeleton, Stack, Table, Tabs, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { type FormEvent, useState } from 'react';
import {
  ClearRiskSettingDocument, type CustomerPartsFragment, CustomersDocument, CustomerTransactionsDocument, type Freeze, FreezeWalletDocument,
  type OperatedTransactionFragment, PendingWorkDocument, ReverseTransactionDocument, RiskSettingsDocument, type RiskSettingsQuery,
  SetRiskSettingDocument, UnfreezeWalletDocument,
} from '../gql/graphql';
import { useAction, useAttempt, useViewer } from '../lib/hooks';
import { failure, money, STATUS, time, TYPE, words } from '../lib/words';
import { Empty, Page, Panel } from '../parts/Page';
import { PersonLine } from '../parts/Person';
import { Troubles } from '../parts/Troubles';
import { Unanswered } from '../parts/Unanswered';

export default function Operations() {
  const { role } = useViewer();
  if (role !== 'OPERATOR') return <Page title="Operations"><Panel><Text>Only operators can see this.</Text></Panel></Page>;
  return (
    <Page title="Operations">
      <Tabs defaultValue="customers" keepMounted={false}>
        <Tabs.List mb="lg">
          <Tabs.Tab value="customers">Customers</Tabs.Tab>
          <Tabs.Tab value="pending">Pending work</Tabs.Tab>
          <Tabs.Tab value="risk">Risk settings</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="customers"><Customers /></Tabs.Panel>
        <Tabs.Panel value="pending"><PendingWork /></Tabs.Panel>
        <Tabs.Panel value="risk"><RiskSettings /></Tabs.Panel>
      </Tabs>
    </Page>
  );
}

function Customers() {
  const [text, setText] = useState('');
  const [find, { data, loading, error }] = useLazyQuery(CustomersDocument, { fetchPolicy: 'network-only' });
  const customers = data?.operations?.customers;
  return (
    <Stack>
      <form onSubmit={(event: FormEvent) => { event.preventDefault(); void find({ variables: { find: text.trim() } }); }}>
        <Group align="end">
          <TextInput label="Find a customer" description="By username, email, phone or the id of a user, wallet or transaction" required flex={1} value={text} onChange={(event) => setText(event.currentTarget.value)} />
          <Button type="submit" loading={loading}>Find</Button>
        </Group>
      </form>
      {error && <Text role="alert">{failure(error)}</Text>}
      <div role="status">{customers?.length === 0 && <Panel><Empty>No customer was found.</Empty></Panel>}</div>
      {customers?.map((customer) => <Customer key={customer.id} customer={customer} />)}
    </Stack>
  );
}

function Customer({ customer }: { customer: CustomerPartsFragment }) {
  const { wallet } = customer;
  const [freezeWallet] = useMutation(FreezeWalletDocument);
  const [unfreezeWallet] = useMutation(UnfreezeWalletDocument);
  const [freeze, setFreeze] = useState<Freeze>('DEBITS');
  const [reason, setReason] = useState('');
  const [isOpen, { toggle }] = useDisclosure(false);
  const action = useAction();
  const isFrozen = wallet.status === 'FROZEN';
  const change = async (event: FormEvent) => {
    event.preventDefault();
    const payload = await action.run(async () => isFrozen
      ? (await unfreezeWallet({ variables: { input: { wallet: wallet.id, reason } } })).data?.operations?.unfreezeWallet
      : (await freezeWallet({ variables: { input: { wallet: wallet.id, freeze, reason } } })).data?.operations?.freezeWallet);
    if (payload?.wallet) setReason('');
  };
  return (
    <Panel>
      <Group justify="space-between" mb="sm">
        <PersonLine person={customer} />
        <Badge variant="light" color={isFrozen ? 'blue' : wallet.status === 'CLOSED' ? 'gray' : 'teal'}>{words(wallet.status)}{wallet.freeze && `: ${words(wallet.freeze)}`}</Badge>
      </Group>
      <Text size="sm">
        Available <b className="amount">{money(wallet.available)}</b>, held <b className="amount">{money(wallet.held)}</b> · since {time(customer.createdAt)} ·
        {' '}{customer.email ?? 'no email'}{customer.email && (customer.emailVerified ? ', verified' : ', not verified')}
      </Text>
      {wallet.freezeReason && <Text size="sm" c="dimmed">Reason: {wallet.freezeReason}</Text>}
      {wallet.status !== 'CLOSED' && (
        <form onSubmit={change}>
          <Group align="end" mt="sm">
            {!isFrozen && <Select label="Freeze" allowDeselect={false} w={150} value={freeze} onChange={(value) => setFreeze(value as Freeze)} data={[{ value: 'DEBITS', label: 'Payments' }, { value: 'ALL', label: 'Everything' }]} />}
            <TextInput label="Reason" required flex={1} miw={180} maxLength={500} value={reason} onChange={(event) => setReason(event.currentTarget.value)} error={action.of('reason')} />
            <Button type="submit" loading={action.isBusy} color={isFrozen ? undefined : 'red'}>{isFrozen ? 'Unfreeze' : 'Freeze'}</Button>
          </Group>
        </form>
      )}
      <Troubles troubles={action.troubles} shown={['reason']} />
      <Divider my="md" />
      <Button variant="default" size="compact-sm" onClick={toggle} aria-expanded={isOpen}>Transactions</Button>
      {isOpen && <CustomerTransactions of={wallet.id} />}
    </Panel>
  );
}

function CustomerTransactions({ of }: { of: string }) {
  const { data, error } = useQuery(CustomerTransactionsDocument, { variables: { of }, fetchPolicy: 'network-only' });
  const nodes = data?.operations?.wallet?.transactions.nodes;
  if (error) return <Text role="alert">{failure(error)}</Text>;
  return nodes ? <Operated transactions={nodes} /> : <Skeleton h={200} mt="md" />;
}

function Operated({ transactions }: { transactions: OperatedTransactionFragment[] }) {
  const [reversed, setReversed] = useState<OperatedTransactionFragment | null>(null);
  if (transactions.length === 0) return <Empty>Nothing here.</Empty>;
  return (
    <>
      <Table.ScrollContainer minWidth={560} scrollAreaProps={{ viewportProps: { tabIndex: 0, role: 'region', 'aria-label': 'Transactions' } }}>
        <Table>
          <Table.Thead><Table.Tr><Table.Th>Time</Table.Th><Table.Th>What</Table.Th><Table.Th>Status</Table.Th><Table.Th ta="right">Amount</Table.Th><Table.Th><span className="mantine-visually-hidden">Actions</span></Table.Th></Table.Tr></Table.Thead>
          <Table.Tbody>
            {transactions.map((transaction) => (
              <Table.Tr key={transaction.id}>
                <Table.Td>{time(transaction.createdAt)}</Table.Td>
                <Table.Td>
                  {TYPE[transaction.type]}: {transaction.sender?.name ?? transaction.bankName ?? 'Pocket Pay'} to {transaction.recipient?.name ?? transaction.bankName ?? 'a merchant'}
                  {transaction.description && <Text size="sm" c="dimmed">{transaction.description}</Text>}
                </Table.Td>
                <Table.Td><Badge variant="light" color={STATUS[transaction.status].color}>{words(transaction.status)}</Badge></Table.Td>
                <Table.Td ta="right" className="amount">{money(transaction.amount)}</Table.Td>
                <Table.Td>{transaction.status === 'COMPLETED' && <Button size="compact-sm" variant="default" onClick={() => setReversed(transaction)}>Reverse</Button>}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Modal opened={reversed !== null} onClose={() => setReversed(null)} title="Reverse this transaction?" centered closeButtonProps={{ 'aria-label': 'Close' }}>
        {reversed && <Reverse transaction={reversed} onDone={() => setReversed(null)} />}
      </Modal>
    </>
  );
}

function Reverse({ transaction, onDone }: { transaction: OperatedTransactionFragment; onDone: () => void }) {
  const [reverse] = useMutation(ReverseTransactionDocument, { refetchQueries: ['CustomerTransactions'] });
  const [reason, setReason] = useState('');
  type Input = { transactionId: string; reason: string };
  const { send, isBusy, troubles, of, unanswered } = useAttempt(`reverse.${transaction.id}`, async (input: Input, idempotencyKey) =>
    (await reverse({ variables: { input: { ...input, idempotencyKey } } })).data?.operations?.reverseTransaction);
  const go = async (input: Input) => {
    const payload = await send(input);
    if (payload?.transaction) onDone();
  };
  return (
    <form onSubmit={(event: FormEvent) => { event.preventDefault(); void go({ transactionId: transaction.id, reason: reason.trim() }); }}>
      <Stack>
        {unanswered && <Unanswered isBusy={isBusy} onResend={() => void go(unanswered)}>You reversed this transaction.</Unanswered>}
        <Text>The payer gets back the amount that is not refunded yet. The total is <b className="amount">{money(transaction.total)}</b>, of which {money(transaction.refunded)} is refunded.</Text>
        <TextInput label="Reason" required maxLength={500} value={reason} onChange={(event) => setReason(event.currentTarget.value)} error={of('reason')} data-autofocus />
        <Troubles troubles={troubles} shown={['reason']} />
        <Button type="submit" color="red" loading={isBusy} disabled={unanswered !== null}>Reverse</Button>
      </Stack>
    </form>
  );
}

function PendingWork() {
  const { data, error } = useQuery(PendingWorkDocument, { fetchPolicy: 'network-only', pollInterval: 15_000 });
  const { heldPayments, unsettledOrders } = data?.operations ?? {};
  if (error && !data) return <Text role="alert">{failure(error)}</Text>;
  return (
    <Stack>
      <Panel title={`Payments that wait for their sender${heldPayments ? ` (${heldPayments.totalCount ?? 'many'})` : ''}`}>{heldPayments ? <Operated transactions={heldPayments.nodes} /> : <Skeleton h={120} />}</Panel>
      <Panel title={`Orders that the bank has not settled${unsettledOrders ? ` (${unsettledOrders.totalCount ?? 'many'})` : ''}`}>{unsettledOrders ? <Operated transactions={unsettledOrders.nodes} /> : <Skeleton h={120} />}</Panel>
    </Stack>
  );
}

type Setting = NonNullable<RiskSettingsQuery['operations']>['riskSettings'][number];

function RiskSettings() {
  const { data, error } = useQuery(RiskSettingsDocument, { fetchPolicy: 'network-only' });
  const [changed, setChanged] = useState<Setting | null>(null);
  if (error) return <Text role="alert">{failure(error)}</Text>;
  return (
    <Panel title="Rules that hold or block a payment">
      {data?.operations
        ? (
          <Table.ScrollContainer minWidth={420} scrollAreaProps={{ viewportProps: { tabIndex: 0, role: 'region', 'aria-label': 'Risk settings' } }}>
            <Table>
              <Table.Thead><Table.Tr><Table.Th>Setting</Table.Th><Table.Th>Value</Table.Th><Table.Th><span className="mantine-visually-hidden">Actions</span></Table.Th></Table.Tr></Table.Thead>
              <Table.Tbody>
                {data.operations.riskSettings.map((setting) => (
                  <Table.Tr key={setting.name}>
                    <Table.Td tt="capitalize">{words(setting.name)}</Table.Td>
                    <Table.Td><b>{setting.value}</b>{setting.overridden && <Text size="sm" c="dimmed">instead of {setting.environmentValue}, since {setting.since && time(setting.since)}</Text>}</Table.Td>
                    <Table.Td><Button size="compact-sm" variant="default" onClick={() => setChanged(setting)} aria-label={`Change ${words(setting.name)}`}>Change</Button></Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )
        : <Skeleton h={360} />}
      <Modal opened={changed !== null} onClose={() => setChanged(null)} title={changed && words(changed.name)} centered closeButtonProps={{ 'aria-label': 'Close' }}>
        {changed && <ChangeSetting setting={changed} onDone={() => setChanged(null)} />}
      </Modal>
    </Panel>
  );
}

function ChangeSetting({ setting, onDone }: { setting: Setting; onDone: () => void }) {
  const [set] = useMutation(SetRiskSettingDocument, { refetchQueries: ['RiskSettings'] });
  const [clear] = useMutation(ClearRiskSettingDocument, { refetchQueries: ['RiskSettings'] });
  const [value, setValue] = useState(setting.value);
  const [reason, setReason] = useState('');
  const action = useAction();
  const { name } = setting;
  const save = async (isReset: boolean) => {
    const payload = await action.run(async () => isReset
      ? (await clear({ variables: { input: { name, reason } } })).data?.operations?.clearRiskSetting
      : (await set({ variables: { input: { name, value, reason } } })).data?.operations?.setRiskSetting);
    if (payload?.setting) onDone();
  };
  return (
    <form onSubmit={(event: FormEvent) => { event.preventDefault(); void save(false); }}>
      <Stack>
        <Alert color="orange" variant="light" role="presentation">The new value applies to all new payments of all customers.</Alert>
        <TextInput label="Value" required value={value} onChange={(event) => setValue(event.currentTarget.value)} error={action.of('value')} data-autofocus />
        <TextInput label="Reason" required maxLength={500} value={reason} onChange={(event) => setReason(event.currentTarget.value)} error={action.of('reason')} />
        <Troubles troubles={action.troubles} shown={['value', 'reason']} />
        <Group grow>
          {setting.overridden && <Button variant="default" disabled={!reason || action.isBusy} onClick={() => save(true)}>Back to {setting.environmentValue}</Button>}
          <Button type="submit" loading={action.isBusy}>Save</Button>
        </Group>
      </Stack>
    </form>
  );
}
