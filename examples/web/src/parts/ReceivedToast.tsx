import { Notification, Portal, Transition } from '@mantine/core';
import { useTimeout } from '@mantine/hooks';
import { IconArrowDownLeft } from '@tabler/icons-react';
import { useEffect } from 'react';
import type { TransactionPartsFragment } from '../gql/graphql';
import { money } from '../lib/words';

/** Says that money has arrived, for a few seconds and to screen readers. */
export function ReceivedToast({ transaction, onClose }: { transaction: TransactionPartsFragment | null; onClose: () => void }) {
  const { start, clear } = useTimeout(onClose, 8000);
  useEffect(() => {
    if (transaction) start();
    return clear;
  }, [transaction, start, clear]);
  return (
    <Portal>
      <div role="status" style={{ position: 'fixed', bottom: 16, right: 16, left: 16, maxWidth: 380, marginLeft: 'auto', zIndex: 300 }}>
        <Transition mounted={transaction !== null} transition="slide-up">
          {(styles) => (
            <Notification style={styles} color="teal" withBorder icon={<IconArrowDownLeft aria-hidden />} onClose={onClose}
              closeButtonProps={{ 'aria-label': 'Close' }} title={transaction && `${money(transaction.amount)} from ${transaction.title}`}>
              {transaction?.description || 'The money is in your wallet.'}
            </Notification>
          )}
        </Transition>
      </div>
    </Portal>
  );
}
